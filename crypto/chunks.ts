/**
 * Chunks that suit the disk, in memory that is used again and that threads see in place: a chunk is filled, digested
 * and written by several threads at once, and copied for none of them.
 */
import type { FileHandle } from 'node:fs/promises';

/** Bytes of each chunk but the last. */
export const CHUNK_BYTES = 2 ** 20;
/** One that is filled, one that is used, and six that a slower thread may lag behind. */
const CHUNKS = 8;
/** Larger pieces cost more in fresh memory than they save in calls, smaller ones the other way round (measured). */
export const PIECE_BYTES = 2 ** 17;

/** Memory of chunks that are over: the collector does not count what threads share, and would leave gigabytes lying. */
const spare: SharedArrayBuffer[] = [];

/** Its bytes hold until the next chunk is asked for, and as long as something that it waits for goes on. */
export class Chunk {
  readonly memory = spare.pop() ?? new SharedArrayBuffer(CHUNK_BYTES);
  readonly #all = Buffer.from(this.memory);
  #length = 0;
  /** Bytes that it held at most. */
  #used = 0;
  #uses: Promise<unknown>[] = [];

  get bytes(): Buffer {
    return this.#all.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === CHUNK_BYTES;
  }

  /** Copies as much as there is room for, and answers how much that was. */
  append(bytes: Uint8Array): number {
    const length = Math.min(bytes.length, CHUNK_BYTES - this.#length);
    // Of all ways to copy, only `fill` is not many times as slow where memory is shared and not aligned (measured).
    if (length > 0) this.#all.fill(bytes.subarray(0, length), this.#length, this.#length + length);
    this.#length += length;
    return length;
  }

  /** Fills what is empty from the file: less than that only where the file ends. */
  async fillFrom(file: FileHandle): Promise<this> {
    while (!this.isFull) {
      const { bytesRead } = await file.read(this.#all, this.#length, CHUNK_BYTES - this.#length);
      if (bytesRead === 0) break;
      this.#length += bytesRead;
    }
    return this;
  }

  /** Keeps the bytes until `use` is over, however it ends. */
  holdFor(use: Promise<unknown>): void {
    this.#uses.push(use.catch(() => undefined));
  }

  /** Empties the chunk when nobody uses it any more. */
  async reuse(): Promise<this> {
    await Promise.all(this.#uses);
    this.#uses = [];
    this.#used = Math.max(this.#used, this.#length);
    this.#length = 0;
    return this;
  }

  /** Overwrites what it held, and nothing else, as memory that was never touched takes none of the machine's; its end. */
  async clear(): Promise<void> {
    await this.reuse();
    this.#all.fill(0, 0, this.#used);
    if (spare.length < CHUNKS) spare.push(this.memory);
  }
}

/** Chunks that take turns, made as they are needed. */
class ChunkRing {
  readonly #chunks: Chunk[] = [];
  #at = 0;

  /** The next one, empty; waits while it is used. */
  async next(): Promise<Chunk> {
    const chunk = (this.#chunks[this.#at] ??= new Chunk());
    this.#at = (this.#at + 1) % CHUNKS;
    return chunk.reuse();
  }

  async clear(): Promise<void> {
    await Promise.all(this.#chunks.map((chunk) => chunk.clear()));
  }
}

/** The same bytes, copied into chunks. What the chunks held is overwritten at the end. */
export async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk> {
  const ring = new ChunkRing();
  try {
    let chunk = await ring.next();
    for await (const bytes of source) {
      for (let used = chunk.append(bytes); chunk.isFull; used += chunk.append(bytes.subarray(used))) {
        yield chunk;
        chunk = await ring.next();
      }
    }
    if (chunk.length > 0) yield chunk;
  } finally {
    await ring.clear();
  }
}

/** The file from where it stands, one chunk read ahead. Every reading cuts a file in the same places. */
export async function* readChunks(file: FileHandle, signal?: AbortSignal): AsyncGenerator<Chunk> {
  const ring = new ChunkRing();
  let ahead: Promise<Chunk> | null = null;
  const readNext = () => {
    const reading = ring.next().then((chunk) => chunk.fillFrom(file));
    reading.catch(() => undefined);
    return reading;
  };
  try {
    for (;;) {
      signal?.throwIfAborted();
      const chunk: Chunk = await (ahead ?? readNext());
      ahead = chunk.isFull ? readNext() : null;
      if (chunk.length > 0) yield chunk;
      if (!ahead) return;
    }
  } finally {
    await ahead?.catch(() => undefined);
    await ring.clear();
  }
}

/** The bytes of the file, each chunk of them until the next is asked for. Closes the file. */
export async function* readToEnd(file: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of readChunks(file, signal)) yield chunk.bytes;
  } finally {
    await file.close();
  }
}

/** The same bytes for a reader who keeps what it is given, as streams do that read ahead. */
export async function* copies(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of bytes) yield Buffer.allocUnsafeSlow(piece.length).fill(piece);
}

/** The bytes in pieces that fit the processor's cache. */
export function* inPieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
