/** Chunks that suit the disk, in memory that is used again: one is used while the next one is made. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** Bytes of each chunk but the last. */
export const CHUNK_BYTES = 2 ** 20;
/** One that is used, one that is made. */
const BUFFERS = 2;

/** The file at `path`: the quickest source to encrypt. A chunk's bytes hold only until the next chunk is asked for. */
export async function* readFileInChunks(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    yield* readChunks(file, signal);
  } finally {
    await file.close();
  }
}

/** A chunk's bytes hold only until the next chunk is asked for. */
export async function* readChunks(file: FileHandle, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(CHUNK_BYTES));
  let reading: Promise<Buffer> | null = null;
  try {
    for (let at = 0; ; at = (at + 1) % BUFFERS) {
      signal?.throwIfAborted();
      const chunk: Buffer = await (reading ?? fill(file, buffers[at]));
      reading = chunk.length < CHUNK_BYTES ? null : fill(file, buffers[(at + 1) % BUFFERS]);
      reading?.catch(() => undefined);
      if (chunk.length > 0) yield chunk;
      if (!reading) return;
    }
  } finally {
    await reading?.catch(() => undefined);
  }
}

/** Less than a whole buffer only where the file ends: every reading cuts a file in the same places. */
async function fill(file: FileHandle, buffer: Buffer = Buffer.alloc(0)): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** The same bytes, copied into chunks. Each holds until the one after the next is asked for. */
export async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const buffers = Array.from({ length: BUFFERS }, () => Buffer.allocUnsafeSlow(CHUNK_BYTES));
  let at = 0;
  let filled = 0;
  for await (const piece of source) {
    for (let from = 0; from < piece.length;) {
      const buffer = buffers[at] ?? Buffer.alloc(0);
      const part = piece.subarray(from, from + CHUNK_BYTES - filled);
      buffer.set(part, filled);
      from += part.length;
      filled += part.length;
      if (filled < CHUNK_BYTES) continue;
      yield buffer;
      at = (at + 1) % BUFFERS;
      filled = 0;
    }
  }
  const last = buffers[at]?.subarray(0, filled);
  if (last && last.length > 0) yield last;
}
