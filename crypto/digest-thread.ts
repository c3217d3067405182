/** A thread that digests, in its order, the memory that it is shown: nothing is copied. */
import { Worker } from 'node:worker_threads';

export type DigestAlgorithm = 'sha1' | 'sha256';

/** Digest the first `length` bytes of the memory. */
interface DigestRequest {
  readonly memory: SharedArrayBuffer;
  readonly length: number;
}

interface Waiting {
  readonly resolve: (digest: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class DigestThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | null = null;

  constructor(algorithm: DigestAlgorithm) {
    this.#worker = new Worker(new URL('./digest-worker.mjs', import.meta.url), { workerData: algorithm, execArgv: [] });
    this.#worker.on('message', (digest: Uint8Array) => this.#waiting.shift()?.resolve(Buffer.from(digest)));
    this.#worker.on('error', (error: unknown) => this.#fail(error as Error));
  }

  /** The digest of everything so far and the first `length` bytes of the memory, which must not change meanwhile. */
  digest(memory: SharedArrayBuffer, length: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) throw this.#failure;
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage({ memory, length } satisfies DigestRequest);
    });
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
    this.#fail(new Error('The digest was given up.'));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
