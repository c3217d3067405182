/**
 * The items of one batch, a few at a time: answered by a runner, whichever it is. A runner that ends costs the items that
 * it had in hand another try; the item that ended it twice is given up, and the others go on.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { StrongroomError, toErrorFields, type ErrorFields } from '../domain/errors.ts';
import type { HostedBatch } from '../enclave/host/served-function.ts';

export interface BatchWork {
  /** The places of the items that have no result yet. */
  readonly left: readonly number[];
  readonly open: () => Promise<HostedBatch>;
  readonly read: (index: number) => Promise<Buffer>;
  readonly keep: (index: number, document: Uint8Array, answer: Buffer) => Promise<void>;
  readonly fail: (index: number, failure: ErrorFields) => Promise<void>;
  /** Items in hand are finished, no others are begun. */
  readonly signal: AbortSignal;
}

/** So that a runner never waits for the next item. */
const AT_ONCE = 4;
const TRIES = 2;
const MOST_FRUITLESS = 5;
const PAUSE_MS = 200;

export async function answerItems(work: BatchWork): Promise<void> {
  const ended = new Map<number, number>();
  let left = [...work.left];
  for (let fruitless = 0; left.length > 0;) {
    work.signal.throwIfAborted();
    const batch = await openPatiently(work, left);
    if (!batch) return;
    const still = await answerSome(work, batch, left, ended).finally(() => {
      batch.close();
    });
    fruitless = still.length < left.length ? 0 : fruitless + 1;
    if (fruitless === MOST_FRUITLESS) throw restarted();
    if (fruitless > 0) await pause(PAUSE_MS, undefined, { signal: work.signal });
    left = still;
  }
}

/** A batch that runners refuse, for whatever is wrong with it, is given up: all that is left of it fails so. */
async function openPatiently(work: BatchWork, left: readonly number[]): Promise<HostedBatch | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work.open();
    } catch (error) {
      if (!(error instanceof StrongroomError)) throw error;
      if (REFUSALS.includes(error.code)) {
        for (const index of left) await work.fail(index, toErrorFields(error));
        return null;
      }
      // A runner that was ended while it started is no fault of the function, unless it happens again and again.
      if (error.code !== 'E_FUNCTION_CRASHED' || tries === MOST_FRUITLESS) throw error;
    }
    await pause(PAUSE_MS, undefined, { signal: work.signal });
  }
}

const REFUSALS: readonly string[] = ['E_SEALED_INPUT', 'E_NOT_ALLOWED'];

/** The items that still have no result once the runner has ended, or all are through. */
async function answerSome(
  work: BatchWork,
  batch: HostedBatch,
  left: readonly number[],
  ended: Map<number, number>,
): Promise<number[]> {
  const still: number[] = [];
  const waiting = [...left];
  let gone = false;
  const lane = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      if (gone || work.signal.aborted) {
        still.push(index);
        continue;
      }
      try {
        await work.keep(index, batch.document, await batch.answer(index, await work.read(index)));
      } catch (error) {
        if (!(error instanceof StrongroomError) || error.code === 'E_INTERNAL') throw error;
        gone ||= ENDS.includes(error.code);
        if (isWorthAnotherTry(error, index, ended)) still.push(index);
        else await work.fail(index, toErrorFields(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return still.sort((one, other) => one - other);
}

/** With these the runner is gone. */
const ENDS: readonly string[] = [
  ...['E_RUNNER_RESTARTED', 'E_FUNCTION_CRASHED', 'E_FUNCTION_TIMEOUT', 'E_FUNCTION_MEMORY'],
];

function isWorthAnotherTry({ code }: StrongroomError, index: number, ended: Map<number, number>): boolean {
  if (code === 'E_RUNNER_RESTARTED') return true;
  if (code !== 'E_FUNCTION_CRASHED') return false;
  const times = (ended.get(index) ?? 0) + 1;
  ended.set(index, times);
  return times < TRIES;
}

const restarted = () =>
  new StrongroomError('E_RUNNER_RESTARTED', 'Runners of the function end again and again.', {
    next: 'Try again in a moment.',
  });
