/** The new key of a container, wrapped for everyone who has access to it, in whatever benchmark. */
import { everyItem } from '../client/pages.ts';
import {
  parseEmailAddress,
  parseFingerprint,
  type AssociationId,
  type BenchmarkName,
  type ContainerName,
  type EmailAddress,
  type Fingerprint,
  type Handle,
  type Sha256,
} from '../domain/ids.ts';
import { openModelKey } from './model-key-files.ts';
import type { Party, SignedIn } from './party.ts';
import { wrapForAll, type Holder } from './wrapping.ts';

interface Sealed {
  readonly owner: Handle;
  readonly name: ContainerName;
  readonly archive: Sha256;
  readonly keyFile: string;
}

interface Place {
  readonly association: AssociationId;
  readonly fingerprint: Fingerprint;
}

export interface Rewrapped {
  readonly grants: readonly (Place & { readonly message: string })[];
  readonly ended: readonly (Place & {
    readonly email: EmailAddress;
    readonly benchmark: BenchmarkName;
    readonly reason: string;
  })[];
}

/** One bad certificate never stops the others: whoever cannot be given the new key is named, and loses access. */
export async function rewrapForAll(party: Party, caller: SignedIn, sealed: Sealed): Promise<Rewrapped> {
  const own = { mine: true, kind: 'container' } as const;
  const items = await everyItem((page) => caller.platform.listAssociations({ query: { ...own, ...page } }));
  const rounds: Rewrapped[] = [];
  for (const { id, name, benchmark, state } of items) {
    if (name !== sealed.name || state !== 'approved') continue;
    rounds.push(await rewrapIn(party, caller, sealed, { association: id, benchmark }));
  }
  return { grants: rounds.flatMap(({ grants }) => grants), ended: rounds.flatMap(({ ended }) => ended) };
}

async function rewrapIn(
  party: Party,
  caller: SignedIn,
  { owner, name, archive, keyFile }: Sealed,
  { association, benchmark }: { readonly association: AssociationId; readonly benchmark: BenchmarkName },
): Promise<Rewrapped> {
  const { holders, unknown } = await listHolders(caller, association);
  if (holders.length === 0 && unknown.length === 0) return { grants: [], ended: [] };
  using key = await openModelKey(keyFile, archive);
  const subject = { account: owner, name, benchmark };
  const { wrapped, skipped } = await wrapForAll(party, caller, { subject, archive, key }, holders);
  const fingerprints = new Map(holders.map(({ email, fingerprint }) => [email, fingerprint]));
  const passedOver = skipped.flatMap(({ email, error }) => {
    const fingerprint = fingerprints.get(email);
    return fingerprint === undefined ? [] : [{ email, fingerprint, reason: error.message }];
  });
  return {
    grants: wrapped.map(({ fingerprint, message }) => ({ association, fingerprint, message })),
    ended: [...passedOver, ...unknown].map((one) => ({ association, benchmark, ...one })),
  };
}

/** Who has access, with the certificate to wrap for; and those whom the platform names no certificate of. */
async function listHolders({ platform }: SignedIn, id: AssociationId) {
  const entries = await everyItem((page) => platform.listGrants({ path: { id }, query: page }));
  const { items: recipients } = await platform.listRecipients({ path: { id } });
  const certificates = new Map(
    recipients.flatMap(({ certificate }) => (certificate ? [[certificate.fingerprint, certificate.certificate]] : [])),
  );
  const holders: Holder[] = [];
  const unknown: { email: EmailAddress; fingerprint: Fingerprint; reason: string }[] = [];
  for (const entry of entries) {
    if (entry.state !== 'valid') continue;
    const email = parseEmailAddress(entry.email);
    const fingerprint = parseFingerprint(entry.fingerprint);
    const certificate = certificates.get(fingerprint);
    if (certificate === undefined) unknown.push({ email, fingerprint, reason: 'There is no valid certificate.' });
    else holders.push({ email, fingerprint, certificate, expiresAt: entry.expiresAt });
  }
  return { holders, unknown };
}
