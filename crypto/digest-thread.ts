/** A thread that digests what it is handed, in its order. The memory moves there and back: nothing is copied. */
import { Worker } from 'node:worker_threads';
import type { DigestAlgorithm } from './running-digest.ts';

/** Bytes that are handed over at once. */
export const SLOT_BYTES = 2 ** 20;
/** One that is filled, one that is digested, and two between them. */
const SLOTS = 4;

/** Digest the first `length` bytes of the slot. */
interface DigestRequest {
  readonly slot: ArrayBuffer;
  readonly length: number;
}

interface DigestAnswer {
  /** The memory that came with the request. */
  readonly slot: ArrayBuffer;
  /** The digest of everything so far. */
  readonly digest: Uint8Array;
}

interface Waiting {
  readonly resolve: (digest: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class DigestThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  readonly #free: ArrayBuffer[] = [];
  #slots = 1;
  #onFree: (() => void) | null = null;
  #failure: Error | null = null;

  constructor(algorithm: DigestAlgorithm) {
    this.#worker = new Worker(new URL('./digest-worker.mjs', import.meta.url), { workerData: algorithm, execArgv: [] });
    this.#worker.on('message', (answer: DigestAnswer) => this.#answer(answer));
    this.#worker.on('error', (error: unknown) => this.#fail(error as Error));
  }

  /** The digest of everything up to the first `length` bytes of the slot, which belongs to the thread from now on. */
  digest(slot: ArrayBuffer, length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ slot, length } satisfies DigestRequest, [slot]);
    });
  }

  /** A slot to fill; waits while all of them are full. */
  async freeSlot(): Promise<ArrayBuffer> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const slot = this.#free.pop();
      if (slot) return slot;
      if (this.#slots < SLOTS) {
        this.#slots++;
        return new ArrayBuffer(SLOT_BYTES);
      }
      await new Promise<void>((resolve) => (this.#onFree = resolve));
    }
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #answer({ slot, digest }: DigestAnswer): void {
    this.#free.push(slot);
    this.#waiting.shift()?.resolve(Buffer.from(digest));
    this.#onFree?.();
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    this.#onFree?.();
  }
}
