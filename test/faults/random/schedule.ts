/** What is broken when, out of a seed: the same seed makes the same schedule, and a schedule can be kept and played again. */
import type { Part } from '../support/harness.ts';

/** `kill` ends a process for good, `stop` lets it lie for some seconds, `runners` ends every model at work. */
export type Action =
  | { readonly after: number; readonly act: 'kill'; readonly part: Part }
  | { readonly after: number; readonly act: 'stop'; readonly part: Part; readonly seconds: number }
  | { readonly after: number; readonly act: 'runners' };

const PARTS: readonly Part[] = ['agent', 'api', 'worker', 'postgres', 'temporal', 'enclave', 'attestor', 'broker'];
/** Seconds between two actions, at least and at most. */
const PAUSES = [3, 15] as const;
const STOPPED = [1, 12] as const;

/** Actions for so many seconds; `after` counts from the one before. */
export function makeSchedule(seed: number, seconds: number): readonly Action[] {
  const random = numbersFrom(seed);
  const within = ([least, most]: readonly [number, number]) =>
    Math.round((least + random() * (most - least)) * 10) / 10;
  const actions: Action[] = [];
  for (let time = 0; ;) {
    const after = within(PAUSES);
    time += after;
    if (time > seconds) return actions;
    const part = PARTS[Math.floor(random() * PARTS.length)] ?? 'api';
    const dice = random();
    if (dice < 0.6) actions.push({ after, act: 'kill', part });
    else if (dice < 0.85) actions.push({ after, act: 'stop', part, seconds: within(STOPPED) });
    else actions.push({ after, act: 'runners' });
  }
}

/** Numbers from 0 to 1 (mulberry32). */
export function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
