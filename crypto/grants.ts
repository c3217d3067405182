/**
 * Grants: a model key, encrypted to one certificate and signed by its owner, together with everything that it is bound
 * to. The content is canonical JSON, so that there is one way to write each grant.
 */
import { createMessage, decrypt, encrypt, readMessage } from 'openpgp';
import type { PrivateKey, PublicKey } from 'openpgp';
import { StrongroomError, toErrorFields, type ErrorFields } from '../domain/errors.ts';
import type { GrantBinding } from '../domain/grant.ts';
import type { EmailAddress } from '../domain/ids.ts';
import { checkReadCertificate } from './certificate-check.ts';
import { bindingDifference, readGrantContent, writeGrantContent } from './grant-content.ts';
import type { ModelKey } from './model-key.ts';
import { READABLE_BY_GPG, readCertificate, readOwnKey } from './openpgp/keys.ts';
import type { ArmoredPrivateKey } from './openpgp/keys.ts';

const LONGEST_GRANT = 64 * 1024;

/** Whom to wrap for: a certificate as the platform handed it out, and what the grant is bound to. */
export interface Recipient {
  readonly email: EmailAddress;
  /** ASCII-armored. */
  readonly certificate: string;
  readonly binding: GrantBinding;
}

/** What all grants of one round have in common. */
export interface WrappingTerms {
  readonly key: ModelKey;
  /** Signs each grant; the caller overwrites it. */
  readonly ownerPrivateKey: ArmoredPrivateKey;
  /** The platform's authority, which must vouch for each certificate; ASCII-armored. */
  readonly authority: string;
  readonly now: Date;
}

/** The wrapped key, an ASCII-armored message, or why this certificate is not to be trusted with one. */
export type WrappingOutcome = { readonly message: string } | { readonly refusal: ErrorFields };

/**
 * Checks each certificate as `checkCertificate` does and wraps the key to it, in their order. A certificate that cannot
 * be used stops no other: its outcome says why, with `E_GRANT_INVALID` where it is not the binding's recipient.
 */
export async function wrapKeys(terms: WrappingTerms, recipients: readonly Recipient[]): Promise<WrappingOutcome[]> {
  const owner = await readOwnKey(terms.ownerPrivateKey);
  const authority = await readCertificate(terms.authority);
  const outcomes: WrappingOutcome[] = [];
  for (const recipient of recipients) {
    try {
      outcomes.push({ message: await wrapKey({ ...terms, owner, authority }, recipient) });
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      outcomes.push({ refusal: toErrorFields(error) });
    }
  }
  return outcomes;
}

type ReadTerms = Pick<WrappingTerms, 'key' | 'now'> & { readonly owner: PrivateKey; readonly authority: PublicKey };

async function wrapKey({ key, now, owner, authority }: ReadTerms, recipient: Recipient): Promise<string> {
  const { email, binding } = recipient;
  const certificate = await readCertificate(recipient.certificate);
  const { fingerprint } = await checkReadCertificate(certificate, { authority, email, now });
  if (fingerprint !== binding.recipient) throw invalid('The certificate is not the recipient that the grant names.');
  const content = writeGrantContent(binding, key);
  try {
    return (await encrypt({
      message: await createMessage({ binary: content }),
      encryptionKeys: certificate,
      signingKeys: owner,
      config: READABLE_BY_GPG,
    })) as string;
  } finally {
    content.fill(0);
  }
}

export interface ReceivedGrant {
  /** ASCII-armored, as it was fetched. */
  readonly message: string;
  /** What it must be bound to: the container that is about to run, the benchmark, the own certificate. */
  readonly binding: GrantBinding;
  readonly recipientPrivateKey: ArmoredPrivateKey;
  /** ASCII-armored. */
  readonly ownerCertificate: string;
  readonly now: Date;
}

/** The key in a grant. Fails with `E_GRANT_INVALID`, saying which part of the binding differs. */
export async function unwrapKey(grant: ReceivedGrant): Promise<ModelKey> {
  const content = readGrantContent(await openGrant(grant));
  try {
    const difference = bindingDifference(content.binding, grant.binding, grant.now);
    if (difference !== null) throw invalid(difference);
  } catch (error) {
    content.key[Symbol.dispose]();
    throw error;
  }
  return content.key;
}

async function openGrant(grant: ReceivedGrant): Promise<Buffer> {
  if (grant.message.length > LONGEST_GRANT) throw invalid('It is too long.');
  const decryptionKeys = await readOwnKey(grant.recipientPrivateKey);
  const verificationKeys = await readCertificate(grant.ownerCertificate);
  try {
    const { data, signatures } = (await decrypt({
      message: await readMessage({ armoredMessage: grant.message }),
      decryptionKeys,
      verificationKeys,
      expectSigned: true,
      format: 'binary',
      date: grant.now,
      config: { ...READABLE_BY_GPG, maxDecompressedMessageSize: LONGEST_GRANT },
    })) as { data: Uint8Array; signatures: readonly unknown[] };
    if (signatures.length !== 1) throw new Error('There must be one signature.');
    return Buffer.from(data.buffer, data.byteOffset, data.length);
  } catch (cause) {
    throw invalid('It was not encrypted to this certificate, not signed by the owner, or changed.', cause);
  }
}

const invalid = (why: string, cause?: unknown) =>
  new StrongroomError('E_GRANT_INVALID', 'The grant does not open.', {
    why,
    next: 'Ask the owner of the container for a new grant.',
    cause,
  });
