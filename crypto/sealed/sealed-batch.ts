/**
 * The inputs of a job as they leave the caller's machine, many in one file: a label, the header's length (16 bits,
 * big-endian), the header, the encapsulated key, the sealed content key, the caller's answer key, the number of items
 * and the length of each (32 bits), and the encrypted items. One content key encrypts them all and is sealed to the
 * caller's own key, so that the key broker releases it once for a batch. Each item is bound to the header, to its place,
 * and to the answer key: what comes of it is readable to whoever made that key, and to nobody who moved the batch.
 */
import { createHash, randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { BATCH } from '../../domain/job.ts';
import { decryptGcm, encryptGcm } from '../aes-gcm.ts';
import { HPKE_KEY_BYTES } from '../hpke.ts';
import type { SealedHeader } from './header.ts';
import { decodeHeader } from './header.ts';
import { pad, unpad } from './padding.ts';
import type { ContentKeyRequest } from './sealed-input.ts';
import { CONTENT_KEY_BYTES, sealContentKey, WRAPPED_BYTES } from './sealed-input.ts';
import type { UserPublicKey } from './user-key.ts';

export interface BatchTerms {
  /** The one function that may open the inputs. */
  readonly functionChecksum: Sha256;
  /** Until when; ISO 8601. */
  readonly notAfter: string;
  /** Raw X25519: to this key the answers are sealed. */
  readonly answerKey: Uint8Array;
}

export interface SealedBatch {
  readonly bytes: Buffer;
  /** SHA-256 of each encrypted item: what its answer is bound to. */
  readonly items: readonly Sha256[];
}

/** What stands before the items. Nothing of it is proved before an item opens. */
export interface BatchHead {
  readonly header: SealedHeader;
  readonly keyRequest: ContentKeyRequest;
  readonly answerKey: Uint8Array;
  /** Where each item lies in the file. */
  readonly items: readonly { readonly start: number; readonly length: number }[];
}

const LABEL = Buffer.from('strongroom batch 1\n');
const NUMBER = 4;
const MOST_HEADER = 2048;
/** No head is longer. */
export const MOST_HEAD_BYTES =
  LABEL.length + 2 + MOST_HEADER + 2 * HPKE_KEY_BYTES + WRAPPED_BYTES + NUMBER * (1 + BATCH.items);

/** Seals the inputs to `owner`, the caller itself. Fails with `E_SEALED_INPUT` where the terms cannot be kept. */
export function sealBatch(
  inputs: readonly Uint8Array[],
  owner: UserPublicKey,
  { functionChecksum, notAfter, answerKey }: BatchTerms,
): SealedBatch {
  const contentKey = randomBytes(CONTENT_KEY_BYTES);
  try {
    const { header, enc, wrappedKey } = sealContentKey(contentKey, owner, {
      functions: [functionChecksum],
      notAfter,
    });
    const items = inputs.map((input, index) => encrypt(input, contentKey, place(header, answerKey, index), index));
    const lengths = Buffer.concat([items.length, ...items.map(({ length }) => length)].map(number));
    const headerLength = Buffer.alloc(2);
    headerLength.writeUInt16BE(header.length);
    const head = [LABEL, headerLength, header, enc, wrappedKey, answerKey, lengths];
    return { bytes: Buffer.concat([...head, ...items]), items: items.map(itemDigest) };
  } finally {
    contentKey.fill(0);
  }
}

/** Reads the head at the beginning of `bytes`, what follows it may be left out. Fails with `E_SEALED_INPUT`. */
export function parseBatchHead(bytes: Buffer): BatchHead {
  const at = reader(bytes);
  if (!at.take(LABEL.length).equals(LABEL)) throw damaged('It does not begin as a batch does.');
  const header = at.take(at.take(2).readUInt16BE());
  const [enc, wrappedKey] = [at.take(HPKE_KEY_BYTES), at.take(WRAPPED_BYTES)];
  const answerKey = at.take(HPKE_KEY_BYTES);
  const count = at.take(NUMBER).readUInt32BE();
  if (count === 0 || count > BATCH.items) throw damaged(`It does not hold 1 to ${BATCH.items} items.`);
  const lengths = Array.from({ length: count }, () => at.take(NUMBER).readUInt32BE());
  let start = at.taken();
  const items = lengths.map((length) => {
    const item = { start, length };
    start += length;
    return item;
  });
  return { header: decodeHeader(header), keyRequest: { header, enc, wrappedKey }, answerKey, items };
}

/** The input at a place of a batch; the caller zeroes it. Fails with `E_SEALED_INPUT` where anything was changed or moved. */
export function openItem(item: Buffer, contentKey: Uint8Array, head: BatchHead, index: number): Buffer {
  const bound = place(head.keyRequest.header, head.answerKey, index);
  const padded = decryptGcm(item, { key: contentKey, nonce: nonceOf(index), aad: bound });
  try {
    const input = padded && unpad(padded);
    if (input) return Buffer.from(input);
  } finally {
    padded?.fill(0);
  }
  throw damaged('One of its items was changed or moved after it was sealed.');
}

/** What an encrypted item is known by. */
export const itemDigest = (item: Uint8Array): Sha256 => createHash('sha256').update(item).digest('hex') as Sha256;

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(NUMBER);
  bytes.writeUInt32BE(value);
  return bytes;
};

const place = (header: Uint8Array, answerKey: Uint8Array, index: number): Buffer =>
  Buffer.concat([LABEL, header, answerKey, number(index)]);

/** A content key encrypts each place of one batch once. */
const nonceOf = (index: number): Buffer => Buffer.concat([Buffer.alloc(8), number(index)]);

function encrypt(input: Uint8Array, key: Uint8Array, bound: Buffer, index: number): Buffer {
  const padded = pad(input);
  const item = encryptGcm(padded, { key, nonce: nonceOf(index), aad: bound });
  padded.fill(0);
  return item;
}

function reader(bytes: Buffer) {
  let at = 0;
  return {
    taken: () => at,
    take(length: number): Buffer {
      if (at + length > bytes.length) throw damaged('It is cut off.');
      at += length;
      return bytes.subarray(at - length, at);
    },
  };
}

const damaged = (why: string) =>
  new StrongroomError('E_SEALED_INPUT', 'The batch of sealed inputs cannot be opened.', {
    why,
    next: 'Start the job again.',
  });
