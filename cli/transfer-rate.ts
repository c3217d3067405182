/** Bytes per second over the last few seconds, so that a stall shows and a fast start is forgotten. */
const WINDOW_MS = 5000;
const LEAST_MS = 500;
/** A fast source reports thousands of times a second: so many samples say no more than these. */
const SAMPLE_MS = 50;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

export class TransferRate {
  #samples: Sample[] = [];

  /** Takes the bytes done by `at` (milliseconds); `null` until there is enough to tell a rate. */
  update(bytes: number, at: number): number | null {
    // A step that starts again counts from its new beginning.
    if (bytes < (this.#samples.at(-1)?.bytes ?? 0)) this.#samples = [];
    if (at - (this.#samples.at(-1)?.at ?? -Infinity) >= SAMPLE_MS) this.#keep({ at, bytes });
    const first = this.#samples[0];
    if (!first || at - first.at < LEAST_MS) return null;
    return ((bytes - first.bytes) * 1000) / (at - first.at);
  }

  #keep(sample: Sample): void {
    this.#samples.push(sample);
    while (this.#samples.length > 1 && sample.at - (this.#samples[0]?.at ?? 0) > WINDOW_MS) this.#samples.shift();
  }
}
