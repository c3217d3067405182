/** Bodies of packets that are too large to hold: read part by part, and written in parts of a power of two. */
import type { ByteReader } from './byte-reader.ts';
import { newFormTag, partialLength, readLength, writeLength } from './packet-header.ts';
import type { BodyLength } from './packet-header.ts';

const LARGEST_READ = 2 ** 20;

/** The body that begins with `length`, to its end. Fails as the reader says where the data ends before it. */
export async function* readBody(reader: ByteReader, length: BodyLength): AsyncGenerator<Buffer> {
  for (let part = length; ; part = await readLength(reader)) {
    let left = part.kind === 'to-the-end' ? Infinity : part.bytes;
    while (left > 0) {
      const chunk = await reader.readSome(Math.min(left, LARGEST_READ));
      if (!chunk && part.kind === 'to-the-end') return;
      if (!chunk) throw reader.endsEarly();
      left -= chunk.length;
      yield chunk;
    }
    if (part.kind !== 'part') return;
  }
}

/**
 * A packet around a body of unknown length: parts of 2^`power` bytes, each with its length before it, and a last one of
 * any length (RFC 9580 section 4.2.1.4). One buffer is yielded for each part.
 */
export async function* writeInParts(tag: number, body: AsyncIterable<Buffer>, power: number): AsyncGenerator<Buffer> {
  const size = 2 ** power;
  let header = Buffer.of(newFormTag(tag), partialLength(power));
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    held.push(chunk);
    length += chunk.length;
    while (length >= size) {
      const part = Buffer.concat([header, ...held], header.length + size);
      const last = held.at(-1) ?? chunk;
      length -= size;
      held = length > 0 ? [last.subarray(last.length - length)] : [];
      header = Buffer.of(partialLength(power));
      yield part;
    }
  }
  const tail = header.length > 1 ? Buffer.of(newFormTag(tag)) : Buffer.alloc(0);
  yield Buffer.concat([tail, writeLength(length), ...held]);
}
