/** Grants: the model key, wrapped on the owner's machine to one certificate after the other. */
import { wrapKey } from '../crypto/grants.ts';
import { readModelKey, type ModelKey } from '../crypto/model-key.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { GrantOrigin } from '../domain/grant.ts';
import {
  parseEmailAddress,
  parseSha256,
  type AssociationId,
  type BenchmarkName,
  type ContainerName,
  type EmailAddress,
  type Fingerprint,
  type Handle,
  type Sha256,
} from '../domain/ids.ts';
import { holdCertificate } from './believed-certificates.ts';
import { signedIn, type Party, type SignedIn } from './party.ts';

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
    async grantAccess({ emails, expiresAt, ...subject }) {
      const caller = await signedIn(party);
      const { items } = await caller.platform.listRecipients({ path: { id: subject.association } });
      const wanted = emails.map((email) => ({
        email,
        recipient: items.find((found) => sameAddress(found.email, email)),
      }));
      return grant(party, caller, { subject, expiresAt, origin: 'manual' }, wanted);
    },

    async autoGrantAccess({ only, except, ...subject }) {
      const caller = await signedIn(party);
      const { items } = await caller.platform.listRecipients({ path: { id: subject.association } });
      const wanted = items
        .map((recipient) => ({ email: parseEmailAddress(recipient.email), recipient }))
        .filter(({ email, recipient }) => !recipient.granted && !recipient.revoked && !except.includes(email))
        .filter(({ email, recipient }) => recipient.certificate !== null && (only === null || only.includes(email)));
      return grant(party, caller, { subject, expiresAt: null, origin: 'auto' }, wanted);
    },

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
}

interface Wanted {
  readonly email: EmailAddress;
  readonly recipient: Recipient | undefined;
}

/** One bad certificate never stops the others: it is passed over and reported. What is wrapped goes up all or nothing. */
async function grant(party: Party, caller: SignedIn, terms: Terms, wanted: readonly Wanted[]): Promise<GrantReport> {
  if (wanted.length === 0) return { granted: [], skipped: [] };
  const { subject, expiresAt, origin } = terms;
  const granted: { email: EmailAddress; fingerprint: Fingerprint; message: string }[] = [];
  const skipped: { email: EmailAddress; code: string; message: string }[] = [];
  const key = await readModelKey(party.home.modelKeyFile(caller.session, subject.name));
  const ownerPrivateKey = await party.home.privateKey(caller.session);
  try {
    const archive = await archiveOf(caller, subject);
    for (const { email, recipient } of wanted) {
      try {
        granted.push({
          email,
          ...(await wrapFor(party, caller, terms, { email, recipient, key, archive, ownerPrivateKey })),
        });
      } catch (error) {
        if (!(error instanceof StrongroomError) || error.kind.retryable) throw error;
        skipped.push({ email, code: error.code, message: error.message });
      }
    }
  } finally {
    key[Symbol.dispose]();
    ownerPrivateKey.fill(0);
  }
  if (granted.length > 0) {
    const grants = granted.map(({ fingerprint, message }) => ({ fingerprint, message, origin, expiresAt }));
    await caller.platform.createGrants({ path: { id: subject.association }, body: { grants } });
  }
  return { granted: granted.map(({ email, fingerprint }) => ({ email, fingerprint })), skipped };
}

async function archiveOf({ platform }: SignedIn, { account, name }: AccessSubject): Promise<Sha256> {
  const { archive } = await platform.readContainer({ path: { owner: account, name } });
  return parseSha256(archive.sha256);
}

interface Wrapping extends Wanted {
  readonly key: ModelKey;
  readonly archive: Sha256;
  readonly ownerPrivateKey: Buffer;
}

async function wrapFor(party: Party, caller: SignedIn, { subject, expiresAt }: Terms, wrapping: Wrapping) {
  const { email, recipient, key, archive, ownerPrivateKey } = wrapping;
  if (!recipient) {
    throw new StrongroomError('E_NOT_AUTHORISED', `${email} is not an authorised data owner of ${subject.benchmark}.`, {
      next: 'They register a dataset and ask for its association with the benchmark.',
    });
  }
  if (!recipient.certificate) {
    throw new StrongroomError('E_NO_CERTIFICATE', `${email} has no certificate yet.`, {
      next: 'They run: strongroom certificate create. Auto-grant finds it then.',
    });
  }
  if (recipient.granted) throw new StrongroomError('E_ALREADY_GRANTED', `${email} has access already.`);
  const { certificate } = recipient.certificate;
  const fingerprint = await holdCertificate(party, caller, { email, certificate });
  const container = { owner: subject.account, name: subject.name };
  const binding = { container, archive, benchmark: subject.benchmark, recipient: fingerprint, expiresAt };
  return { fingerprint, message: await wrapKey({ key, binding, recipientCertificate: certificate, ownerPrivateKey }) };
}
