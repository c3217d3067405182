/** Wrapping the model key for those who may have it: with the owner's keys, for certificates that the owner believes. */
import { checkPin } from '../crypto/certificate-pins.ts';
import { wrapOnThreads } from '../crypto/grant-threads.ts';
import type { Recipient } from '../crypto/grants.ts';
import { readModelKey } from '../crypto/model-key.ts';
import { fromErrorFields, StrongroomError } from '../domain/errors.ts';
import {
  parseSha256,
  type BenchmarkName,
  type ContainerName,
  type EmailAddress,
  type Fingerprint,
  type Handle,
} from '../domain/ids.ts';
import { holdAuthority } from './believed-certificates.ts';
import type { Party, SignedIn } from './party.ts';

export interface Holder {
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
  /** ASCII-armored, as the platform handed it out. */
  readonly certificate: string;
}

export interface Wrapped {
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
  readonly message: string;
}

export interface PassedOver {
  readonly email: EmailAddress;
  readonly error: StrongroomError;
}

export interface WrappedRound {
  readonly wrapped: readonly Wrapped[];
  readonly skipped: readonly PassedOver[];
}

interface Terms {
  readonly subject: { readonly account: Handle; readonly name: ContainerName; readonly benchmark: BenchmarkName };
  readonly expiresAt: string | null;
}

/** Wraps the container's key for each holder. A certificate that may not be believed is passed over, with the reason. */
export async function wrapForAll(
  party: Party,
  caller: SignedIn,
  { subject, expiresAt }: Terms,
  holders: readonly Holder[],
): Promise<WrappedRound> {
  if (holders.length === 0) return { wrapped: [], skipped: [] };
  const { account: owner, name, benchmark } = subject;
  const authority = await holdAuthority(party, caller);
  const { archive } = await caller.platform.readContainer({ path: { owner, name } });
  const { known, changed } = await sortByPin(party, caller, holders);
  const binding = { container: { owner, name }, archive: parseSha256(archive.sha256), benchmark, expiresAt };
  const recipients = known.map(({ email, certificate, fingerprint }) => ({
    email,
    certificate,
    binding: { ...binding, recipient: fingerprint },
  }));
  const round = await wrapWithOwnKeys(party, caller, { name, authority }, recipients);
  const firstUses = Object.fromEntries(round.wrapped.map(({ email, fingerprint }) => [email, fingerprint]));
  await party.home.pins(caller.session).holdFirstUses(firstUses);
  return { wrapped: round.wrapped, skipped: [...changed, ...round.skipped] };
}

async function sortByPin(party: Party, { session }: SignedIn, holders: readonly Holder[]) {
  const pins = await party.home.pins(session).holders();
  const known: Holder[] = [];
  const changed: PassedOver[] = [];
  for (const holder of holders) {
    try {
      checkPin(pins, holder.email, holder.fingerprint);
      known.push(holder);
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      changed.push({ email: holder.email, error });
    }
  }
  return { known, changed };
}

async function wrapWithOwnKeys(
  party: Party,
  { session }: SignedIn,
  { name, authority }: { readonly name: ContainerName; readonly authority: string },
  recipients: readonly Recipient[],
): Promise<WrappedRound> {
  using key = await readModelKey(party.home.modelKeyFile(session, name));
  const ownerPrivateKey = await party.home.privateKey(session);
  try {
    const terms = { key, ownerPrivateKey, authority, now: new Date() };
    const outcomes = await wrapOnThreads(terms, recipients);
    const wrapped: Wrapped[] = [];
    const skipped: PassedOver[] = [];
    for (const [index, { email, binding }] of recipients.entries()) {
      const outcome = outcomes[index];
      if (!outcome) throw new Error('Every recipient has an outcome.');
      if ('message' in outcome) wrapped.push({ email, fingerprint: binding.recipient, message: outcome.message });
      else skipped.push({ email, error: fromErrorFields(outcome.refusal) });
    }
    return { wrapped, skipped };
  } finally {
    ownerPrivateKey.fill(0);
  }
}
