/** The authenticated modes of RFC 9580 (section 9.6) that Node's own OpenSSL computes. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { BlockCipher } from './ciphers.ts';

export const TAG_BYTES = 16;

export interface AeadMode {
  readonly number: number;
  readonly name: 'ocb' | 'gcm';
  readonly nonceBytes: number;
}

/** Every implementation of RFC 9580 has to have it. */
export const OCB: AeadMode = { number: 2, name: 'ocb', nonceBytes: 15 };
const GCM: AeadMode = { number: 3, name: 'gcm', nonceBytes: 12 };

/** Fails with `E_NOT_AN_ARCHIVE` for another mode. */
export function findMode(number: number | undefined): AeadMode {
  const mode = [OCB, GCM].find((one) => one.number === number);
  if (mode) return mode;
  throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive is encrypted in a mode that is not supported.', {
    why: `It asks for ${number === 1 ? 'EAX' : `mode ${String(number)}`}; OCB and GCM are supported.`,
  });
}

/** Encrypts under one key: each nonce is used once. */
export class Aead {
  readonly #cipher: BlockCipher;
  readonly #mode: AeadMode;
  readonly #key: Buffer;

  constructor(cipher: BlockCipher, mode: AeadMode, key: Buffer) {
    this.#cipher = cipher;
    this.#mode = mode;
    this.#key = key;
  }

  /** The ciphertext, and its tag after it. */
  seal(plain: Buffer, nonce: Buffer, associated: Buffer): [Buffer, Buffer] {
    const sealing =
      this.#mode.name === 'ocb'
        ? createCipheriv(`${this.#cipher.name}-ocb`, this.#key, nonce, { authTagLength: TAG_BYTES })
        : createCipheriv(`${this.#cipher.name}-gcm`, this.#key, nonce, { authTagLength: TAG_BYTES });
    sealing.setAAD(associated, { plaintextLength: plain.length });
    const text = sealing.update(plain);
    const rest = sealing.final();
    return [rest.length > 0 ? Buffer.concat([text, rest]) : text, sealing.getAuthTag()];
  }

  /** The plaintext; `null` where the tag does not match. */
  open(text: Buffer, tag: Buffer, nonce: Buffer, associated: Buffer): Buffer | null {
    const opening =
      this.#mode.name === 'ocb'
        ? createDecipheriv(`${this.#cipher.name}-ocb`, this.#key, nonce, { authTagLength: TAG_BYTES })
        : createDecipheriv(`${this.#cipher.name}-gcm`, this.#key, nonce, { authTagLength: TAG_BYTES });
    opening.setAAD(associated, { plaintextLength: text.length });
    opening.setAuthTag(tag);
    const plain = opening.update(text);
    try {
      const rest = opening.final();
      return rest.length > 0 ? Buffer.concat([plain, rest]) : plain;
    } catch {
      return null;
    }
  }
}

/** HKDF with SHA-256, as RFC 9580 derives keys from keys. */
export const derive = (key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, length));
