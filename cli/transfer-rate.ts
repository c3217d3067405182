/** Bytes per second over the last few seconds, so that a stall shows and a fast start is forgotten. */
const WINDOW_MS = 5000;
const LEAST_MS = 500;

export class TransferRate {
  #samples: { readonly at: number; readonly bytes: number }[] = [];

  /** Takes the bytes done by `at` (milliseconds); `null` until there is enough to tell a rate. */
  update(bytes: number, at: number): number | null {
    const last = this.#samples.at(-1);
    // A step that starts again counts from its new beginning.
    if (last && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ at, bytes });
    this.#samples = this.#samples.filter(
      (sample, index, all) => at - sample.at <= WINDOW_MS || index === all.length - 1,
    );
    const first = this.#samples[0];
    if (!first || at - first.at < LEAST_MS) return null;
    return ((bytes - first.bytes) * 1000) / (at - first.at);
  }
}
