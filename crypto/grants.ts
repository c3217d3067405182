/**
 * Grants: a model key, encrypted to one certificate and signed by its owner, together with everything that it is bound
 * to. The content is canonical JSON, so that there is one way to write each grant.
 */
import { createMessage, decrypt, encrypt, readMessage } from 'openpgp';
import type { PrivateKey } from 'openpgp';
import { StrongroomError } from '../domain/errors.ts';
import type { GrantBinding } from '../domain/grant.ts';
import { bindingDifference, readGrantContent, writeGrantContent } from './grant-content.ts';
import type { ModelKey } from './model-key.ts';
import { fingerprintOf, READABLE_BY_GPG, readCertificate, readOwnKey } from './openpgp/keys.ts';
import type { ArmoredPrivateKey } from './openpgp/keys.ts';

const LONGEST_GRANT = 64 * 1024;

export interface Recipient {
  readonly binding: GrantBinding;
  /** ASCII-armored, checked by the caller (`checkCertificate`, `checkPin`). */
  readonly recipientCertificate: string;
}

/** Wraps the key for one recipient. Fails as `wrapKeys` does. */
export async function wrapKey(
  grant: Recipient & { readonly key: ModelKey; readonly ownerPrivateKey: ArmoredPrivateKey },
): Promise<string> {
  return wrapWith(await readOwnKey(grant.ownerPrivateKey), grant.key, grant);
}

/**
 * Wraps the key for many: one ASCII-armored message for each, in their order. Fails with `E_CERTIFICATE_UNSUITABLE`
 * where a certificate cannot be encrypted to, and with `E_GRANT_INVALID` where it is not the binding's recipient.
 */
export async function wrapKeys(
  key: ModelKey,
  recipients: readonly Recipient[],
  ownerPrivateKey: ArmoredPrivateKey,
): Promise<string[]> {
  const owner = await readOwnKey(ownerPrivateKey);
  const messages: string[] = [];
  for (const recipient of recipients) messages.push(await wrapWith(owner, key, recipient));
  return messages;
}

async function wrapWith(owner: PrivateKey, key: ModelKey, recipient: Recipient): Promise<string> {
  const encryptionKeys = await readCertificate(recipient.recipientCertificate);
  if (fingerprintOf(encryptionKeys) !== recipient.binding.recipient) {
    throw invalid('The certificate is not the recipient that the grant names.');
  }
  const content = writeGrantContent(recipient.binding, key);
  try {
    const message = await createMessage({ binary: content });
    return (await encrypt({ message, encryptionKeys, signingKeys: owner, config: READABLE_BY_GPG })) as string;
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
