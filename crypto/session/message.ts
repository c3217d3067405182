/**
 * Messages of a session between a caller and a runner: a byte that says whether it is the last one, the encapsulated
 * key, and a padded content, sealed with HPKE. Each is bound to the attestation document that the caller verified, to
 * the function, the token, its direction, its place in the session and whether it is the last: what is repeated, moved,
 * left out or sent back does not open.
 */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionId, Sha256 } from '../../domain/ids.ts';
import { encodeCbor } from '../attestation/cbor.ts';
import type { HpkeBinding, HpkeKeyPair } from '../hpke.ts';
import { HPKE_KEY_BYTES, HPKE_TAG_BYTES, openWith, sealTo } from '../hpke.ts';
import { erase } from '../erase.ts';
import { pad, unpad } from '../sealed/padding.ts';

export interface SessionBinding {
  /** SHA-256 of the attestation document that was made for this session. */
  readonly documentHash: Sha256;
  readonly functionId: FunctionId;
  readonly functionChecksum: Sha256;
  readonly tokenId: string;
}

export interface Place {
  readonly direction: 'request' | 'answer';
  /** 0 for the first request and its answer. */
  readonly sequence: number;
}

export interface OpenedMessage {
  /** The caller zeroes it. */
  readonly content: Buffer;
  readonly final: boolean;
}

const LABEL = 'strongroom session 1';
/** Up to this all messages of a direction have one length: an answer's must not tell which class it names. */
const SHORTEST = { request: 1024, answer: 4096 } as const;
const FLAG_BYTES = 1;

/** What a message may take at most, for `length` bytes of content. */
export const mostMessageBytes = (length: number): number => Math.ceil(length * 1.13) + 16_384;

/** Seals `content`, and erases it. */
export function sealMessage(
  recipient: Uint8Array,
  content: Buffer,
  binding: SessionBinding,
  place: Place,
  final: boolean,
): Buffer {
  const padded = pad(content, SHORTEST[place.direction]);
  erase(content);
  try {
    const { enc, ciphertext } = sealTo(recipient, padded, hpkeBinding(binding, place, final));
    const message = Buffer.concat([Buffer.from([final ? 1 : 0]), enc, ciphertext]);
    erase(ciphertext);
    return message;
  } finally {
    erase(padded);
  }
}

/** Opens the message that must be at `place`. Fails with `E_CHANNEL`. */
export function openMessage(
  privateKey: HpkeKeyPair['privateKey'],
  message: Buffer,
  binding: SessionBinding,
  place: Place,
): OpenedMessage {
  const flag = message[0];
  if (message.length <= FLAG_BYTES + HPKE_KEY_BYTES + HPKE_TAG_BYTES || (flag !== 0 && flag !== 1)) throw refused();
  const final = flag === 1;
  const enc = message.subarray(FLAG_BYTES, FLAG_BYTES + HPKE_KEY_BYTES);
  const ciphertext = message.subarray(FLAG_BYTES + HPKE_KEY_BYTES);
  const padded = openWith(privateKey, { enc, ciphertext }, hpkeBinding(binding, place, final));
  const content = padded && unpad(padded, SHORTEST[place.direction]);
  if (!content) throw refused();
  return { content, final };
}

/** What is the same only for the same message: the SHA-256 of its encapsulated key. */
export const replayMark = (message: Buffer): string =>
  createHash('sha256')
    .update(message.subarray(FLAG_BYTES, FLAG_BYTES + HPKE_KEY_BYTES))
    .digest('base64');

function hpkeBinding(binding: SessionBinding, { direction, sequence }: Place, final: boolean): HpkeBinding {
  const { functionId, functionChecksum, tokenId, documentHash } = binding;
  return {
    info: Buffer.from(`${LABEL} ${documentHash}`),
    aad: encodeCbor([LABEL, functionId, functionChecksum, tokenId, direction, sequence, final]),
  };
}

export const refused = (): StrongroomError =>
  new StrongroomError('E_CHANNEL', 'A message of the session does not open.', {
    why: 'It was changed, repeated, left out or put elsewhere on its way, or is for another runner.',
    next: 'Begin a new session. If it happens again, something between you and the runner interferes.',
  });
