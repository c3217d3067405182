/** Calls that start at a fixed rate, however long the ones before take. */
import { setTimeout as pause } from 'node:timers/promises';

export interface Latencies {
  /** From the time at which each call should have started, in milliseconds. */
  readonly latencies: readonly number[];
  readonly failed: number;
}

export async function atFixedRate(
  perSecond: number,
  seconds: number,
  call: (index: number) => Promise<unknown>,
): Promise<Latencies> {
  const latencies: number[] = [];
  let failed = 0;
  const begin = performance.now();
  const calls = Array.from({ length: perSecond * seconds }, async (_, index) => {
    const due = begin + (index * 1000) / perSecond;
    await pause(Math.max(0, due - performance.now()));
    await call(index).catch(() => (failed += 1));
    latencies.push(performance.now() - due);
  });
  await Promise.all(calls);
  return { latencies, failed };
}
