/** Bodies of packets that are too large to hold: read part by part, and written in parts of a power of two. */
import { PIECE_BYTES } from '../chunks.ts';
import type { ByteReader } from './byte-reader.ts';
import { newFormTag, partialLength, readLength, writeLength } from './packet-header.ts';
import type { BodyLength } from './packet-header.ts';

const PART_HEADER = Buffer.of(partialLength(Math.log2(PIECE_BYTES)));

/** The body that begins with `length`, to its end. Fails as the reader says where the data ends before it. */
export async function* readBody(reader: ByteReader, length: BodyLength): AsyncGenerator<Buffer> {
  for (let part = length; ; part = await readLength(reader)) {
    let left = part.kind === 'to-the-end' ? Infinity : part.bytes;
    while (left > 0) {
      const chunk = await reader.readSome(Math.min(left, PIECE_BYTES));
      if (!chunk && part.kind === 'to-the-end') return;
      if (!chunk) throw reader.endsEarly();
      left -= chunk.length;
      yield chunk;
    }
    if (part.kind !== 'part') return;
  }
}

/**
 * A packet around a body of unknown length: parts of `PIECE_BYTES`, each with its length before it, and a last one of
 * any length (RFC 9580 section 4.2.1.4). Headers and pieces of the body are yielded one by one, and each holds until the
 * next one is asked for; only what is left over after a part is copied.
 */
export async function* writeInParts(tag: number, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer = Buffer.alloc(0);
  yield Buffer.of(newFormTag(tag));
  for await (const chunk of body) {
    let used = 0;
    while (held.length + chunk.length - used >= PIECE_BYTES) {
      const end = used + PIECE_BYTES - held.length;
      yield PART_HEADER;
      if (held.length > 0) yield held;
      yield chunk.subarray(used, end);
      held = Buffer.alloc(0);
      used = end;
    }
    held = Buffer.concat([held, chunk.subarray(used)]);
  }
  yield writeLength(held.length);
  yield held;
}
