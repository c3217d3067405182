/**
 * The digest of a stream of chunks, computed on a thread of its own beside the work that the stream is for. Streams
 * shorter than a chunk are digested where they are: no thread starts for them.
 */
import { createHash } from 'node:crypto';
import type { Chunk } from './chunks.ts';
import { DigestThread, type DigestAlgorithm } from './digest-thread.ts';

export class RunningDigest {
  readonly #algorithm: DigestAlgorithm;
  #thread: DigestThread | null = null;
  /** Of everything so far. */
  #soFar: Promise<Buffer>;

  constructor(algorithm: DigestAlgorithm) {
    this.#algorithm = algorithm;
    this.#soFar = Promise.resolve(createHash(algorithm).digest());
  }

  /** Takes the chunk, which is held meanwhile. Only the last chunk of a stream may be less than full. */
  add(chunk: Chunk): void {
    if (!this.#thread && !chunk.isFull) {
      this.#soFar = Promise.resolve(createHash(this.#algorithm).update(chunk.bytes).digest());
      return;
    }
    this.#thread ??= new DigestThread(this.#algorithm);
    this.#soFar = this.#thread.digest(chunk.memory, chunk.length);
    chunk.holdFor(this.#soFar);
  }

  /** The digest of everything so far. */
  digest(): Promise<Buffer> {
    return this.#soFar;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread?.stop();
  }
}
