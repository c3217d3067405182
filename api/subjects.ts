/** What is answered when the thing that an operation is about is not there for its caller. */
import { StrongroomError } from '../domain/errors.ts';
import type { Subject } from '../domain/permissions.ts';
import type { SubjectKey } from '../storage/standings.ts';

interface Absence {
  readonly what: (key: SubjectKey) => string;
  readonly why?: string;
  readonly next?: string;
}

const ABSENCES: Readonly<Record<Subject, Absence>> = {
  association: {
    what: ({ id }) => `There is no association ${id ?? ''}.`,
    next: 'List those that you can see: strongroom review list',
  },
  benchmark: {
    what: ({ name }) => `There is no benchmark ${name ?? ''}.`,
    next: 'List them: strongroom benchmark list',
  },
  container: { what: ({ owner, name }) => `There is no container ${owner ?? ''}/${name ?? ''} that you can see.` },
  dataset: { what: ({ owner, name }) => `There is no dataset ${owner ?? ''}/${name ?? ''} that you can see.` },
  certificate: { what: ({ fingerprint }) => `There is no certificate ${fingerprint ?? ''} that you can see.` },
  'wrapped key': {
    what: ({ owner, name, benchmark }) =>
      `There is no container ${owner ?? ''}/${name ?? ''} in ${benchmark ?? ''} for you.`,
    why: 'It is not there, not approved, or none of your datasets is approved there.',
    next: 'Check both names, and that your dataset is approved: strongroom review list',
  },
  'access token': {
    what: ({ id }) => `You have no access token ${id ?? ''}.`,
    next: 'List yours: strongroom token list',
  },
  workflow: {
    what: ({ kind, id }) => `There is no work ${kind ?? ''}/${id ?? ''} that you can see.`,
    why: 'It is not there, or concerns others.',
  },
  webhook: { what: ({ id }) => `You have no webhook ${id ?? ''}.`, next: 'List yours: strongroom webhook list' },
  upload: { what: () => 'There is no such upload of yours.', next: 'Begin a new one.' },
  job: { what: ({ id }) => `You have no job ${id ?? ''}.`, next: 'List yours: strongroom job list' },
};

/** The same whether the thing is not there at all or only not for this caller. */
export function notThere(subject: Subject, key: SubjectKey): StrongroomError {
  const { what, ...advice } = ABSENCES[subject];
  return new StrongroomError('E_NOT_FOUND', what(key), advice);
}
