/** Watches a running container: its time, its output, and whether anybody wants it stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IsolatedRun } from './run-request.ts';
import type { RunMount } from './run-mounts.ts';
import { isTooLarge, measureOutputs } from './run-output.ts';

/** Why we stopped a container. */
export type StopReason = 'timeout' | 'too-large' | 'interrupted';

type Stop = (reason: StopReason) => Promise<void>;

/** Calls `stop` when a limit of the run is broken or its signal fires, until `ended` fires. */
export async function watchRun(
  run: IsolatedRun,
  outputs: readonly RunMount[],
  stop: Stop,
  ended: AbortSignal,
): Promise<void> {
  await Promise.all([
    watchTime(run, stop, ended),
    watchOutput(run, outputs, stop, ended),
    watchSignal(run.signal, stop, ended),
  ]);
}

async function watchTime(run: IsolatedRun, stop: Stop, ended: AbortSignal): Promise<void> {
  await sleep(run.limits.timeoutSeconds * 1000, undefined, { signal: ended }).then(
    () => stop('timeout'),
    () => undefined,
  );
}

const LOOK_AFTER_MS = 200;

/** The limit on one file is the kernel's; this one is on all of them together. */
async function watchOutput(
  run: IsolatedRun,
  outputs: readonly RunMount[],
  stop: Stop,
  ended: AbortSignal,
): Promise<void> {
  const pauseFor = (ms: number) => sleep(ms, true, { signal: ended }).catch(() => false);
  for (let pause = LOOK_AFTER_MS; await pauseFor(pause);) {
    const before = performance.now();
    const measured = await measureOutputs(outputs);
    run.onOutput?.(measured.bytes);
    if (isTooLarge(measured, run.limits.outputMaxBytes)) await stop('too-large');
    // Looking at many files takes long; it may not take more than a small part of the time.
    pause = Math.max(LOOK_AFTER_MS, 5 * (performance.now() - before));
  }
}

async function watchSignal(signal: AbortSignal | undefined, stop: Stop, ended: AbortSignal): Promise<void> {
  if (!signal) return;
  const either = AbortSignal.any([signal, ended]);
  if (!either.aborted) await new Promise((resolve) => either.addEventListener('abort', resolve, { once: true }));
  if (signal.aborted && !ended.aborted) await stop('interrupted');
}
