/**
 * A sealed input: `strongroom:` and base64url of the header's length (16 bits, big-endian), the header, the encapsulated
 * key, the sealed content key and the encrypted input. A fresh content key encrypts the input (AES-256-GCM) and is itself
 * sealed to the recipient's key (HPKE); the header is authenticated with both. So whoever keeps the recipient's private
 * key can hand out the key of one input to one runner, and need never see the input or give away its own key.
 */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { MOST } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { decryptGcm, encryptGcm, GCM_NONCE_BYTES, GCM_TAG_BYTES } from '../aes-gcm.ts';
import { HPKE_KEY_BYTES, HPKE_TAG_BYTES, openWith, sealTo } from '../hpke.ts';
import type { SealedHeader, SealingPolicy } from './header.ts';
import { decodeHeader, encodeHeader, forbiddenBy, malformed } from './header.ts';
import { pad, paddedLength, unpad } from './padding.ts';
import type { UserKey, UserPublicKey } from './user-key.ts';
import { userKeyId } from './user-key.ts';

export const SEALED_PREFIX = 'strongroom:';
export const CONTENT_KEY_BYTES = 32;
const LENGTH_BYTES = 2;
export const WRAPPED_BYTES = CONTENT_KEY_BYTES + HPKE_TAG_BYTES;
/** Header and keys; a header with all its functions takes less. */
const MOST_BESIDE_PAYLOAD = 4096;
const LEAST_PAYLOAD = paddedLength(0) + GCM_TAG_BYTES;
const MOST_PAYLOAD = paddedLength(MOST.inputBytes) + GCM_TAG_BYTES;
const LONGEST_TEXT = SEALED_PREFIX.length + Math.ceil(((MOST_PAYLOAD + MOST_BESIDE_PAYLOAD) * 4) / 3);
const INFO = Buffer.from('strongroom sealed input 1');
/** A content key encrypts one message in its life, so its nonce need not differ from any other. */
const NONCE = Buffer.alloc(GCM_NONCE_BYTES);

/** All that a key broker needs to hand out the content key: nothing of the input is in it. */
export interface ContentKeyRequest {
  /** As it was authenticated: see `decodeHeader`. */
  readonly header: Uint8Array;
  readonly enc: Uint8Array;
  readonly wrappedKey: Uint8Array;
}

export interface SealedInput {
  readonly header: SealedHeader;
  readonly keyRequest: ContentKeyRequest;
  readonly payload: Buffer;
}

/** Seals `input` to a user. Fails with `E_SEALED_INPUT` where it is too large or the policy cannot be kept. */
export function sealInput(input: Uint8Array, recipient: UserPublicKey, policy: SealingPolicy): string {
  if (input.length > MOST.inputBytes) {
    throw new StrongroomError('E_SEALED_INPUT', 'The input is too large to be sealed.', {
      why: `It has ${input.length} bytes; at most ${MOST.inputBytes} are allowed.`,
    });
  }
  const contentKey = randomBytes(CONTENT_KEY_BYTES);
  try {
    const { header, enc, wrappedKey } = sealContentKey(contentKey, recipient, policy);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(header.length);
    const parts = [length, header, enc, wrappedKey, encrypt(input, contentKey, header)];
    return SEALED_PREFIX + Buffer.concat(parts).toString('base64url');
  } finally {
    contentKey.fill(0);
  }
}

/** Seals the key of one content to a user, under a policy. Fails with `E_SEALED_INPUT` where that cannot be kept. */
export function sealContentKey(
  contentKey: Uint8Array,
  { user, keyId, generation, publicKey }: UserPublicKey,
  policy: SealingPolicy,
): ContentKeyRequest {
  if (userKeyId(publicKey) !== keyId) throw new Error('A key goes by the id of another one.');
  const header = encodeHeader({ recipient: user, keyId, generation, policy });
  const { enc, ciphertext } = sealTo(publicKey, contentKey, { info: INFO, aad: header });
  return { header, enc, wrappedKey: ciphertext };
}

/** Whether `input` looks like a sealed one, so that it must be opened before a function sees it. */
export const isSealed = (input: Uint8Array): boolean =>
  Buffer.from(input.subarray(0, SEALED_PREFIX.length)).toString('latin1') === SEALED_PREFIX;

/** Reads a sealed input and proves nothing about it; one newline may follow. Fails with `E_SEALED_INPUT`. */
export function parseSealedInput(text: string): SealedInput {
  const encoded = text.slice(SEALED_PREFIX.length).replace(/\r?\n$/, '');
  if (!text.startsWith(SEALED_PREFIX)) throw malformed(`It does not begin with "${SEALED_PREFIX}".`);
  if (text.length > LONGEST_TEXT) throw malformed(`It is longer than ${LONGEST_TEXT} characters.`);
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded) throw malformed('It is not written in base64url.');
  const headerEnd = bytes.length < LENGTH_BYTES ? bytes.length : LENGTH_BYTES + bytes.readUInt16BE();
  const encEnd = headerEnd + HPKE_KEY_BYTES;
  const keyEnd = encEnd + WRAPPED_BYTES;
  if (bytes.length < keyEnd + LEAST_PAYLOAD) throw malformed('It is cut off.');
  const header = bytes.subarray(LENGTH_BYTES, headerEnd);
  const keyRequest = { header, enc: bytes.subarray(headerEnd, encEnd), wrappedKey: bytes.subarray(encEnd, keyEnd) };
  return { header: decodeHeader(header), keyRequest, payload: bytes.subarray(keyEnd) };
}

/**
 * The content key, opened with the recipient's key. Whoever calls this has checked the header's policy; the caller
 * zeroes the key. Fails with `E_SEALED_INPUT` where key or header are others than it was sealed with.
 */
export function openContentKey(request: ContentKeyRequest, key: UserKey): Buffer {
  const header = decodeHeader(request.header);
  if (header.recipient !== key.user || header.generation !== key.generation || header.keyId !== key.keyId) {
    throw cannotOpen('It was sealed to another key.');
  }
  const message = { enc: request.enc, ciphertext: request.wrappedKey };
  const contentKey = openWith(key.privateKey, message, { info: INFO, aad: request.header });
  if (contentKey?.length === CONTENT_KEY_BYTES) return contentKey;
  contentKey?.fill(0);
  throw cannotOpen('It was changed after it was sealed.');
}

/**
 * Opens a sealed input inside the runner of the function with `checksum`; the caller zeroes what it gets. Fails with
 * `E_NOT_ALLOWED` where the policy forbids it, and with `E_SEALED_INPUT` where anything was changed.
 */
export function openSealedInput(sealed: SealedInput, contentKey: Uint8Array, checksum: Sha256, at: Date): Buffer {
  refuseForbidden(sealed.header, checksum, at);
  const terms = { key: contentKey, nonce: NONCE, aad: sealed.keyRequest.header };
  const padded = decryptGcm(sealed.payload, terms);
  if (!padded) throw cannotOpen('It was changed after it was sealed, or its key is another one.');
  try {
    const input = unpad(padded);
    if (input) return Buffer.from(input);
    throw cannotOpen('It is not padded as it should be.');
  } finally {
    padded.fill(0);
  }
}

/** Fails with `E_NOT_ALLOWED` where the header's policy forbids the function to take the input at `at`. */
export function refuseForbidden({ policy }: SealedHeader, checksum: Sha256, at: Date): void {
  const why = forbiddenBy(policy, checksum, at);
  if (why === null) return;
  throw new StrongroomError('E_NOT_ALLOWED', 'This function may not open the sealed input.', {
    why,
    next: 'Ask whoever encrypted it to encrypt it for this function.',
  });
}

function encrypt(input: Uint8Array, key: Uint8Array, header: Uint8Array): Buffer {
  const padded = pad(input);
  const ciphertext = encryptGcm(padded, { key, nonce: NONCE, aad: header });
  padded.fill(0);
  return ciphertext;
}

const cannotOpen = (why: string) =>
  new StrongroomError('E_SEALED_INPUT', 'The sealed input cannot be opened.', {
    why,
    next: "Encrypt the input again with the recipient's present key.",
  });
