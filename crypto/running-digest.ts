/**
 * The digest of a stream, computed on a thread of its own beside the work that the stream is for. Short streams are
 * digested where they are: the thread starts only when a whole slot is full.
 */
import { createHash } from 'node:crypto';
import { DigestThread, SLOT_BYTES } from './digest-thread.ts';

export type DigestAlgorithm = 'sha1' | 'sha256';

export class RunningDigest {
  readonly #algorithm: DigestAlgorithm;
  #thread: DigestThread | null = null;
  #slot = new ArrayBuffer(0);
  #bytes = new Uint8Array(this.#slot);
  #filled = 0;
  /** Of everything up to the last slot that was handed over. */
  #last: Promise<Buffer> | null = null;

  constructor(algorithm: DigestAlgorithm) {
    this.#algorithm = algorithm;
  }

  /** Takes a copy of the bytes; waits only while the thread lags behind. */
  async update(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      if (this.#filled === this.#bytes.length) await this.#nextSlot(bytes.length);
      const part = bytes.subarray(from, from + this.#bytes.length - this.#filled);
      this.#bytes.set(part, this.#filled);
      from += part.length;
      this.#filled += part.length;
    }
  }

  /** The digest of everything so far. */
  async digest(): Promise<Buffer> {
    if (!this.#thread) return createHash(this.#algorithm).update(this.#bytes.subarray(0, this.#filled)).digest();
    if (this.#filled > 0) this.#handOver(this.#thread);
    return this.#last ?? createHash(this.#algorithm).digest();
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread?.stop();
  }

  async #nextSlot(wanted: number): Promise<void> {
    if (!this.#thread && this.#bytes.length < SLOT_BYTES) {
      this.#growFirstSlot(wanted);
      return;
    }
    this.#thread ??= new DigestThread(this.#algorithm);
    if (this.#filled > 0) this.#handOver(this.#thread);
    this.#use(await this.#thread.freeSlot());
  }

  #growFirstSlot(wanted: number): void {
    const filled = this.#bytes;
    this.#use(new ArrayBuffer(Math.min(SLOT_BYTES, Math.max(2 * filled.length, filled.length + wanted))));
    this.#bytes.set(filled);
    this.#filled = filled.length;
  }

  #handOver(thread: DigestThread): void {
    this.#last = thread.digest(this.#slot, this.#filled);
    this.#last.catch(() => undefined);
    this.#use(new ArrayBuffer(0));
  }

  #use(slot: ArrayBuffer): void {
    this.#slot = slot;
    this.#bytes = new Uint8Array(slot);
    this.#filled = 0;
  }
}
