/**
 * Encrypted data whose integrity is protected by a modification detection code: version 1 of the packet, CFB and SHA-1
 * (RFC 9580 section 5.13.1). It is what every gpg reads.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { inChunks, inPieces } from '../chunks.ts';
import { RunningDigest } from '../running-digest.ts';
import type { ByteReader } from './byte-reader.ts';
import { Cfb } from './cfb.ts';
import { BLOCK_BYTES } from './ciphers.ts';
import type { SessionKey } from './session-key.ts';

export const VERSION = 1;
const PREFIX_BYTES = BLOCK_BYTES + 2;
const CODE_HEADER = Buffer.of(0xd3, 0x14);
const CODE_BYTES = 20;

/** The body of the packet around `packets`. */
export async function* protect(packets: AsyncIterable<Buffer>, session: SessionKey): AsyncGenerator<Buffer> {
  const cfb = Cfb.encrypting(session.cipher, session.key);
  const code = new RunningDigest('sha1');
  try {
    yield Buffer.of(VERSION);
    for await (const chunk of inChunks(beforeCode(packets))) {
      code.add(chunk);
      for (const piece of inPieces(chunk.bytes)) yield cfb.update(piece);
    }
    yield cfb.update(await code.digest());
    yield cfb.final();
  } finally {
    await code.close();
  }
}

async function* beforeCode(packets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const random = randomBytes(BLOCK_BYTES);
  yield Buffer.concat([random, random.subarray(-2)]);
  yield* packets;
  yield CODE_HEADER;
}

/** The random bytes at the beginning of the data, still encrypted: they tell a wrong key (RFC 9580 section 5.7). */
export const readPrefix = (body: ByteReader): Promise<Buffer> => body.read(PREFIX_BYTES);

/** Whether the last two of the prefix's bytes repeat the two before: of 65,536 wrong keys one passes. */
export function opensPrefix(prefix: Buffer, session: SessionKey): boolean {
  const cfb = Cfb.decrypting(session.cipher, session.key);
  const plain = Buffer.concat([cfb.update(prefix), cfb.final()]);
  return plain.subarray(-2).equals(plain.subarray(-4, -2));
}

/**
 * The packets inside, while they are decrypted. Nothing of them may be believed before the generator has ended: it
 * fails with `E_DAMAGED` where the code does not match.
 */
export async function* unprotect(prefix: Buffer, body: ByteReader, session: SessionKey): AsyncGenerator<Buffer> {
  const running = new RunningDigest('sha1');
  const code = new Tail(CODE_BYTES);
  const header = new Tail(CODE_HEADER.length);
  let skip = PREFIX_BYTES;
  try {
    for await (const chunk of inChunks(code.before(decryptBody(prefix, body, session)))) {
      running.add(chunk);
      for (const bytes of header.push(chunk.bytes)) {
        const skipped = Math.min(skip, bytes.length);
        skip -= skipped;
        if (bytes.length > skipped) yield bytes.subarray(skipped);
      }
    }
    const matches = code.isWhole && timingSafeEqual(code.bytes, await running.digest());
    if (!matches || !header.bytes.equals(CODE_HEADER)) throw damaged();
  } finally {
    await running.close();
  }
}

async function* decryptBody(prefix: Buffer, body: ByteReader, session: SessionKey): AsyncGenerator<Buffer> {
  const cfb = Cfb.decrypting(session.cipher, session.key);
  for await (const chunk of inChunks(wholeBody(prefix, body))) {
    for (const piece of inPieces(chunk.bytes)) yield cfb.update(piece);
  }
  yield cfb.final();
}

async function* wholeBody(prefix: Buffer, body: ByteReader): AsyncGenerator<Buffer> {
  yield prefix;
  for (let bytes = await body.readSome(Infinity); bytes; bytes = await body.readSome(Infinity)) yield bytes;
}

/** Holds the last bytes of a stream back: only its end tells which they are. */
class Tail {
  bytes: Buffer = Buffer.alloc(0);
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  get isWhole(): boolean {
    return this.bytes.length === this.#length;
  }

  /** What has surely been followed by enough. */
  push(piece: Buffer): Buffer[] {
    const pieces = piece.length < this.#length ? [Buffer.concat([this.bytes, piece])] : [this.bytes, piece];
    const last = pieces.pop() ?? piece;
    const cut = Math.max(0, last.length - this.#length);
    this.bytes = Buffer.from(last.subarray(cut));
    return [...pieces, last.subarray(0, cut)];
  }

  /** All of the stream but its tail. */
  async *before(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of stream) yield* this.push(piece);
  }
}

export const damaged = (): StrongroomError =>
  new StrongroomError('E_DAMAGED', 'The archive is damaged.', {
    why: 'Its own integrity check fails: what was decrypted is not what was encrypted.',
    next: 'Nothing of it was released. Fetch it again.',
  });
