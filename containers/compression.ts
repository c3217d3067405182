/** Opens what may be compressed, by its first bytes: gzip, zstd, or plain. */
import { PassThrough, pipeline } from 'node:stream';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const ENOUGH = 512;

/** The first bytes of a stream (at most 512, fewer only at its end) and the whole stream with them put back. */
export interface Peeked {
  readonly head: Buffer;
  readonly stream: AsyncGenerator<Buffer>;
}

export async function peek(source: AsyncIterable<Buffer>): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < ENOUGH) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(next.value);
    length += next.value.length;
  }
  return { head: Buffer.concat(chunks).subarray(0, ENOUGH), stream: resume(chunks, iterator) };
}

async function* resume(chunks: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  let finished = false;
  try {
    yield* chunks;
    for (;;) {
      const next = await rest.next();
      if (next.done) break;
      yield next.value;
    }
    finished = true;
  } finally {
    if (!finished) await rest.return?.();
  }
}

export const isCompressed = (head: Buffer): boolean => decompressorFor(head) !== null;

function decompressorFor(head: Buffer): (() => Duplex) | null {
  if (head.subarray(0, GZIP.length).equals(GZIP)) return createGunzip;
  if (head.subarray(0, ZSTD.length).equals(ZSTD)) return createZstdDecompress;
  return null;
}

/** The plain bytes of `peeked`. Whoever reads them bounds how many they are. */
export function decompress(peeked: Peeked): Readable {
  const through = decompressorFor(peeked.head)?.() ?? new PassThrough();
  // Errors reach whoever reads `through`; the callback only keeps them from being thrown a second time.
  pipeline(peeked.stream, through, () => undefined);
  return through;
}
