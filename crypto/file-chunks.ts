/** Reads a file chunk by chunk, the next one while this one is used, in memory that is used again. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** Bytes of each chunk but the last. */
export const CHUNK_BYTES = 2 ** 20;
/** One that is used, one that is read. */
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
