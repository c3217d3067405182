/** Grants: the model key, wrapped on the owner's machine to each certificate that may be trusted with it. */
import { activityInfo } from '@temporalio/activity';
import { StrongroomError } from '../domain/errors.ts';
import { withPulse } from './at-work.ts';
import type { GrantOrigin } from '../domain/grant.ts';
import {
  parseEmailAddress,
  parseFingerprint,
  parseSha256,
  type AssociationId,
  type BenchmarkName,
  type ContainerName,
  type EmailAddress,
  type Fingerprint,
  type Handle,
} from '../domain/ids.ts';
import { openModelKey } from './model-key-files.ts';
import { signedIn, type Party, type SignedIn } from './party.ts';
import { wrapForAll, type Holder, type Wrapped, type WrappedRound } from './wrapping.ts';

export interface AccessSubject {
  readonly account: Handle;
  readonly name: ContainerName;
  readonly benchmark: BenchmarkName;
  readonly association: AssociationId;
}

export interface GrantReport {
  readonly granted: readonly { readonly email: EmailAddress; readonly fingerprint: Fingerprint }[];
  readonly skipped: readonly { readonly email: EmailAddress; readonly code: string; readonly message: string }[];
}

export interface GrantActivities {
  grantAccess(
    request: AccessSubject & { readonly emails: readonly EmailAddress[]; readonly expiresAt: string | null },
  ): Promise<GrantReport>;
  autoGrantAccess(
    request: AccessSubject & {
      readonly only: readonly EmailAddress[] | null;
      readonly except: readonly EmailAddress[];
    },
  ): Promise<GrantReport>;
  revokeAccess(
    request: AccessSubject & { readonly email: EmailAddress; readonly reason: string },
  ): Promise<{ readonly revoked: number }>;
  deleteAllKeys(subject: AccessSubject): Promise<{ readonly deleted: number }>;
}

type Recipient = Awaited<ReturnType<SignedIn['platform']['listRecipients']>>['items'][number];

export function createGrantActivities(party: Party): GrantActivities {
  return {
    grantAccess: ({ emails, expiresAt, ...subject }) =>
      withPulse(async (say) => {
        const caller = await signedIn(party);
        const { items } = await caller.platform.listRecipients({ path: { id: subject.association } });
        const wanted = emails.map((email) => ({
          email,
          recipient: items.find((found) => sameAddress(found.email, email)),
        }));
        return grant(party, caller, { subject, expiresAt, origin: 'manual', say }, wanted);
      }),

    autoGrantAccess: ({ only, except, ...subject }) =>
      withPulse(async (say) => {
        const caller = await signedIn(party);
        const { items } = await caller.platform.listRecipients({ path: { id: subject.association } });
        const begun = begunBefore();
        const wanted = items
          .map((recipient) => ({ email: parseEmailAddress(recipient.email), recipient }))
          .filter(({ recipient }) => !recipient.granted || isDone(recipient, begun))
          .filter(({ email, recipient }) => !recipient.revoked && !except.includes(email))
          .filter(({ email, recipient }) => recipient.certificate !== null && (only === null || only.includes(email)));
        return grant(party, caller, { subject, expiresAt: null, origin: 'auto', say }, wanted);
      }),

    async revokeAccess({ association, email, reason }) {
      const { platform } = await signedIn(party);
      return platform.revokeGrants({ path: { id: association }, body: { email, reason } });
    },

    async deleteAllKeys({ association }) {
      const { platform } = await signedIn(party);
      return platform.deleteGrants({ path: { id: association } });
    },
  };
}

const sameAddress = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();

interface Terms {
  readonly subject: AccessSubject;
  readonly expiresAt: string | null;
  readonly origin: GrantOrigin;
  /** Notes for the next attempt which certificates this one is about to grant to. */
  readonly say: (fingerprints: readonly string[]) => void;
}

interface Wanted {
  readonly email: EmailAddress;
  readonly recipient: Recipient | undefined;
}

/** What one request may bring. */
const GRANTS_AT_ONCE = 1000;

/** A rotation of the key may be finished between the wrapping and the request; hardly ever twice. */
const ROTATIONS_ENDURED = 5;

/** One bad certificate never stops the others: it is passed over and reported. What is wrapped goes up all or nothing. */
async function grant(party: Party, caller: SignedIn, terms: Terms, wanted: readonly Wanted[]): Promise<GrantReport> {
  if (wanted.length === 0) return { granted: [], skipped: [] };
  const { subject, expiresAt } = terms;
  const begun = begunBefore();
  const certified = wanted.flatMap(({ email, recipient }) => {
    if (!recipient?.certificate) return [];
    const { certificate, fingerprint } = recipient.certificate;
    return [{ email, certificate, fingerprint: parseFingerprint(fingerprint), expiresAt, recipient }];
  });
  const done = certified.filter(({ recipient }) => isDone(recipient, begun));
  const eligible = certified.filter(({ recipient }) => !recipient.granted);
  const refused = wanted
    .filter(({ recipient }) => !recipient || !isDone(recipient, begun))
    .flatMap((one) => refusalOf(one, subject));
  const { wrapped, skipped } = await wrapAndHandIn(party, caller, { ...terms, begun }, eligible);
  const passedOver = [...refused, ...skipped].map(({ email, error }) => ({
    email,
    code: error.code,
    message: error.message,
  }));
  const granted = [...done, ...wrapped].map(({ email, fingerprint }) => ({ email, fingerprint }));
  return { granted, skipped: passedOver };
}

/** Certificates that an earlier attempt was about to grant to: the platform may have done it, and the answer was lost. */
const begunBefore = (): readonly string[] => (activityInfo().heartbeatDetails as readonly string[] | undefined) ?? [];

const isDone = ({ granted, certificate }: Recipient, begun: readonly string[]): boolean =>
  granted && certificate !== null && begun.includes(certificate.fingerprint);

/** Wraps the key of the archive that the container has now, and once more where it was rotated in between. */
async function wrapAndHandIn(
  party: Party,
  caller: SignedIn,
  terms: Terms & { readonly begun: readonly string[] },
  holders: readonly Holder[],
): Promise<WrappedRound> {
  if (holders.length === 0) return { wrapped: [], skipped: [] };
  const { subject, expiresAt, origin, begun, say } = terms;
  const { account: owner, name, association: id } = subject;
  for (let attempt = 1; ; attempt += 1) {
    const container = await caller.platform.readContainer({ path: { owner, name } });
    const archive = parseSha256(container.archive.sha256);
    using key = await openModelKey(party.home.modelKeyFile(caller.session, name), archive);
    const round = await wrapForAll(party, caller, { subject, archive, key }, holders);
    say([...begun, ...round.wrapped.map(({ fingerprint }) => fingerprint)]);
    try {
      for (let from = 0; from < round.wrapped.length; from += GRANTS_AT_ONCE) {
        const some = round.wrapped.slice(from, from + GRANTS_AT_ONCE);
        const grants = some.map((one) => toGrant(one, origin, expiresAt));
        await caller.platform.createGrants({ path: { id }, body: { archive, grants } });
      }
      return round;
    } catch (error) {
      const rotated = error instanceof StrongroomError && error.code === 'E_ARCHIVE_CHANGED';
      if (!rotated || attempt === ROTATIONS_ENDURED) throw error;
    }
  }
}

const toGrant = ({ fingerprint, message }: Wrapped, origin: GrantOrigin, expiresAt: string | null) => ({
  fingerprint,
  message,
  origin,
  expiresAt,
});

function refusalOf({ email, recipient }: Wanted, { benchmark }: AccessSubject) {
  if (!recipient) {
    const error = new StrongroomError('E_NOT_AUTHORISED', `${email} is not an authorised data owner of ${benchmark}.`, {
      next: 'They register a dataset and ask for its association with the benchmark.',
    });
    return [{ email, error }];
  }
  if (!recipient.certificate) {
    const error = new StrongroomError('E_NO_CERTIFICATE', `${email} has no certificate yet.`, {
      next: 'They run: strongroom certificate create. Auto-grant finds it then.',
    });
    return [{ email, error }];
  }
  if (!recipient.granted) return [];
  return [{ email, error: new StrongroomError('E_ALREADY_GRANTED', `${email} has access already.`) }];
}
