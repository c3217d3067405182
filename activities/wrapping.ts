/** Wrapping the model key for those who may have it: with the owner's keys, for certificates that the owner believes. */
import { checkPin } from '../crypto/certificate-pins.ts';
import { wrapOnThreads } from '../crypto/grant-threads.ts';
import type { Recipient } from '../crypto/grants.ts';
import type { ModelKey } from '../crypto/model-key.ts';
import { fromErrorFields, StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, ContainerName, EmailAddress, Fingerprint, Handle, Sha256 } from '../domain/ids.ts';
import { holdAuthority } from './believed-certificates.ts';
import type { Party, SignedIn } from './party.ts';

export interface Holder {
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
  /** ASCII-armored, as the platform handed it out. */
  readonly certificate: string;
  /** ISO 8601; `null` for access that ends only by revocation. */
  readonly expiresAt: string | null;
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

/** What is wrapped: the key of exactly this archive. */
interface Sealed {
  readonly subject: { readonly account: Handle; readonly name: ContainerName; readonly benchmark: BenchmarkName };
  readonly archive: Sha256;
  readonly key: ModelKey;
}

/** Wraps the key for each holder. A certificate that may not be believed is passed over, with the reason. */
export async function wrapForAll(
  party: Party,
  caller: SignedIn,
  { subject, archive, key }: Sealed,
  holders: readonly Holder[],
): Promise<WrappedRound> {
  if (holders.length === 0) return { wrapped: [], skipped: [] };
  const { account: owner, name, benchmark } = subject;
  const authority = await holdAuthority(party, caller);
  const { known, changed } = await sortByPin(party, caller, holders);
  const binding = { container: { owner, name }, archive, benchmark };
  const recipients = known.map(({ email, certificate, fingerprint, expiresAt }) => ({
    email,
    certificate,
    binding: { ...binding, recipient: fingerprint, expiresAt },
  }));
  const round = await wrapWithOwnKeys(party, caller, { key, authority }, recipients);
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
  { key, authority }: { readonly key: ModelKey; readonly authority: string },
  recipients: readonly Recipient[],
): Promise<WrappedRound> {
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
