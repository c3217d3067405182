/** AES-256-GCM as HPKE and everything that is sealed here use it: the tag follows the ciphertext. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { erase } from './erase.ts';

const CIPHER = 'aes-256-gcm';
export const GCM_NONCE_BYTES = 12;
export const GCM_TAG_BYTES = 16;

/** What a message is encrypted under: it opens under the same three only. A key meets each nonce once. */
export interface GcmTerms {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

export function encryptGcm(plain: Uint8Array, { key, nonce, aad }: GcmTerms): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: GCM_TAG_BYTES }).setAAD(aad);
  const encrypted = cipher.update(plain);
  const sealed = Buffer.concat([encrypted, cipher.final(), cipher.getAuthTag()]);
  erase(encrypted);
  return sealed;
}

/** What was encrypted, once its tag is found to be right; before that, nobody gets a byte of it. Null where it is not. */
export function decryptGcm(sealed: Uint8Array, { key, nonce, aad }: GcmTerms): Buffer | null {
  const end = sealed.length - GCM_TAG_BYTES;
  if (end < 0) return null;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: GCM_TAG_BYTES }).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(end));
  const opened = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
    return opened;
  } catch {
    opened.fill(0);
    return null;
  }
}
