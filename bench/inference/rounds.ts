/** A round of calls and what it took. */
export interface Round {
  /** Of each call, in milliseconds. */
  readonly latencies: readonly number[];
  /** Of all of them, in milliseconds. */
  readonly elapsed: number;
}

/** Calls so many times, so many at once. */
export async function runRound(calls: number, atOnce: number, call: () => Promise<unknown>): Promise<Round> {
  const latencies: number[] = [];
  let left = calls;
  const began = performance.now();
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const start = performance.now();
      await call();
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return { latencies, elapsed: performance.now() - began };
}

/** The value below which the share `part` (0 to 1) of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}
