/**
 * A function's bundle as it leaves its owner's machine: the header's length (16 bits, big-endian), the header, the
 * encapsulated key, the sealed content key and the encrypted bundle. The content key is sealed to the owner's key, which
 * the key broker alone can derive, and the header lets one function have it: the one with the bundle's own checksum.
 */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { decryptGcm, encryptGcm, GCM_NONCE_BYTES, GCM_TAG_BYTES } from '../aes-gcm.ts';
import { HPKE_KEY_BYTES } from '../hpke.ts';
import type { ContentKeyRequest } from './sealed-input.ts';
import { CONTENT_KEY_BYTES, sealContentKey, WRAPPED_BYTES } from './sealed-input.ts';
import type { UserPublicKey } from './user-key.ts';

const LENGTH_BYTES = 2;
/** A content key encrypts one bundle in its life. */
const NONCE = Buffer.alloc(GCM_NONCE_BYTES);
/** What sets a bundle apart from an input, should both ever be encrypted with one key. */
const LABEL = Buffer.from('strongroom function bundle 1\n');

export interface SealedBundle {
  readonly keyRequest: ContentKeyRequest;
  /** A view of what was parsed. */
  readonly payload: Buffer;
}

/** Encrypts the bundle of the function with `checksum` for runners of that function, by way of its owner's key. */
export function sealBundle(bundle: Uint8Array, owner: UserPublicKey, checksum: Sha256): Buffer {
  const contentKey = randomBytes(CONTENT_KEY_BYTES);
  try {
    const policy = { functions: [checksum], notAfter: null };
    const { header, enc, wrappedKey } = sealContentKey(contentKey, owner, policy);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(header.length);
    const payload = encryptGcm(bundle, { key: contentKey, nonce: NONCE, aad: authenticated(header) });
    return Buffer.concat([length, header, enc, wrappedKey, payload]);
  } finally {
    contentKey.fill(0);
  }
}

/** Reads a sealed bundle and proves nothing about it. Fails with `E_FUNCTION_INVALID`. */
export function parseSealedBundle(bytes: Buffer): SealedBundle {
  const headerEnd = bytes.length < LENGTH_BYTES ? bytes.length : LENGTH_BYTES + bytes.readUInt16BE();
  const encEnd = headerEnd + HPKE_KEY_BYTES;
  const keyEnd = encEnd + WRAPPED_BYTES;
  if (bytes.length <= keyEnd + GCM_TAG_BYTES) throw damaged('It is cut off.');
  const [header, enc] = [bytes.subarray(LENGTH_BYTES, headerEnd), bytes.subarray(headerEnd, encEnd)];
  return { keyRequest: { header, enc, wrappedKey: bytes.subarray(encEnd, keyEnd) }, payload: bytes.subarray(keyEnd) };
}

/** The bundle, decrypted inside the runner. The caller zeroes it. Fails with `E_FUNCTION_INVALID`. */
export function openSealedBundle({ keyRequest, payload }: SealedBundle, contentKey: Uint8Array): Buffer {
  const opened = decryptGcm(payload, { key: contentKey, nonce: NONCE, aad: authenticated(keyRequest.header) });
  if (opened) return opened;
  throw damaged('It was changed after it was encrypted.');
}

const authenticated = (header: Uint8Array) => Buffer.concat([LABEL, header]);

const damaged = (why: string) =>
  new StrongroomError('E_FUNCTION_INVALID', 'The encrypted function cannot be opened.', {
    why,
    next: 'Deploy it again.',
  });
