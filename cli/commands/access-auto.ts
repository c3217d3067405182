import { AUTO_GRANT_SECONDS } from '../../domain/grant.ts';
import { parseBenchmarkName, parseContainerName, parseEmailAddress } from '../../domain/ids.ts';
import { autoGrantUpdate } from '../../workflows/manage-access/contract.ts';
import { updateAccess } from '../access-entity.ts';
import { argument, defineCommand, flag, listOption, option, requiredOption } from '../command.ts';
import { usage } from '../usage.ts';
import { parseDuration } from '../values.ts';

export const command = defineCommand({
  name: 'access auto',
  summary: 'Grant access by itself as data owners get certificates',
  examples: [
    'strongroom access auto digits-model --benchmark digits --every 15m',
    'strongroom access auto digits-model --benchmark digits --off',
  ],
  details: 'Whose access was revoked is passed over until you grant it again by hand.',
  arguments: { name: argument('Your container', parseContainerName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    every: option('TIME', 'How often to look for new certificates, from 5s to 1d', parseInterval),
    off: flag('Stop it'),
    only: listOption('ADDRESS', 'Only for this address (default: for every authorised data owner)', parseEmailAddress),
  },
  async run({ arguments: { name }, options: { benchmark, every, off, only } }, context) {
    if (off === (every !== undefined))
      throw usage('Auto-grant is either set or stopped.', 'Give --every TIME or --off.');
    const setting = every === undefined ? null : { everySeconds: every, only: only.length > 0 ? only : null };
    const autoGrant = await updateAccess(context, { name, benchmark }, (entity) =>
      entity.executeUpdate(autoGrantUpdate, { args: [setting] }),
    );
    const line = autoGrant ? `Auto-grant looks every ${autoGrant.everySeconds} s.` : 'Auto-grant is off.';
    return { data: { autoGrant }, ids: [name], lines: [line] };
  },
});

function parseInterval(text: string): number {
  const seconds = parseDuration(text);
  if (seconds >= AUTO_GRANT_SECONDS.least && seconds <= AUTO_GRANT_SECONDS.most) return seconds;
  throw usage(`${text} is too ${seconds < AUTO_GRANT_SECONDS.least ? 'often' : 'seldom'}.`, 'Write 5s to 1d.');
}
