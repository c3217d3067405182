/** Starts a container, waits for its end, and says what the end means. */
import { Readable } from 'node:stream';
import type { Container } from 'dockerode';
import { StrongroomError } from '../domain/errors.ts';
import { keepLog } from './container-log.ts';
import { ignoreMissing } from './docker.ts';
import { messageOf, statusOf } from './failure.ts';
import type { IsolatedRun } from './run-request.ts';
import type { RunMount } from './run-mounts.ts';
import { isTooLarge, measureOutputs, outputTooLarge } from './run-output.ts';
import { watchRun } from './run-watch.ts';
import type { StopReason } from './run-watch.ts';

/** Runs `container` to its end and answers how many seconds it took; fails unless it ended by itself and well. */
export async function runToEnd(container: Container, run: IsolatedRun, outputs: readonly RunMount[]): Promise<number> {
  const stopped: { reason: StopReason | null } = { reason: null };
  const stop = async (reason: StopReason) => {
    stopped.reason ??= reason;
    await ignoreMissing(container.kill());
  };
  const printed = await attachOutput(container);
  const log = keepLog(printed, run.logFile);
  // Its failure is seen below; until then it must not count as one that nobody handles.
  log.catch(() => undefined);
  const startedAt = performance.now();
  const end = new AbortController();
  try {
    await start(container, run);
    const watching = watchRun(run, outputs, stop, end.signal);
    const ended = (container.wait() as Promise<{ StatusCode: number }>).finally(() => end.abort());
    const [{ StatusCode: exitCode }] = await Promise.all([ended, log, watching]);
    await explainEnd(container, exitCode, stopped.reason, run, outputs);
    return (performance.now() - startedAt) / 1000;
  } finally {
    end.abort();
    printed.destroy();
    await log.catch(() => undefined);
  }
}

async function attachOutput(container: Container): Promise<Readable> {
  const printed = await container.attach({ stream: true, stdout: true, stderr: true });
  return printed instanceof Readable ? printed : new Readable().wrap(printed);
}

async function start(container: Container, run: IsolatedRun): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    if (run.task.runArgs.gpus !== undefined && /could not select device driver|GPU vendor/i.test(messageOf(error))) {
      throw new StrongroomError('E_CONTAINER_FAILED', 'The container asks for GPUs, and Docker Engine has none here.', {
        next: 'Install the container toolkit of the GPU\'s maker, or leave "gpus" out of the container config.',
        cause: error,
      });
    }
    if (statusOf(error) === 400 || /exec:|no such file|permission denied|executable file/i.test(messageOf(error))) {
      throw couldNotStart(error);
    }
    throw error;
  }
}

/** What Docker gives for a process that SIGKILL ended. */
const KILLED = 128 + 9;

/** Fails unless the container ended by itself and well; says which limit it broke. */
async function explainEnd(
  container: Container,
  exitCode: number,
  reason: StopReason | null,
  run: IsolatedRun,
  outputs: readonly RunMount[],
): Promise<void> {
  const { limits, logFile } = run;
  const next = `What it printed is in ${logFile}.`;
  if (reason === 'interrupted') throw interrupted(run);
  if (reason === 'timeout') {
    const what = `The container did not end within ${limits.timeoutSeconds} seconds and was stopped.`;
    throw new StrongroomError('E_CONTAINER_TIMEOUT', what, { next });
  }
  if (reason === 'too-large') throw outputTooLarge(limits.outputMaxBytes);
  if (exitCode === 0) return;
  const state = (await container.inspect()).State;
  if (state.OOMKilled) {
    const what = `The container needed more than its ${limits.memoryBytes} bytes of memory.`;
    throw new StrongroomError('E_CONTAINER_FAILED', what, { next: `Raise the limit, or see ${logFile}.` });
  }
  const measured = await measureOutputs(outputs);
  if (isTooLarge(measured, limits.outputMaxBytes)) throw outputTooLarge(limits.outputMaxBytes);
  if (exitCode === KILLED) throw new StrongroomError('E_CONTAINER_KILLED', 'The container was killed.', { next });
  throw new StrongroomError('E_CONTAINER_FAILED', `The container ended with exit code ${exitCode}.`, { next });
}

export const couldNotStart = (error: unknown) =>
  new StrongroomError('E_CONTAINER_FAILED', 'The container could not be started.', {
    why: messageOf(error).slice(0, 500),
    next: 'Compare entrypoint and command of its container config with what is in its image.',
    cause: error,
  });

export const interrupted = (run: IsolatedRun) =>
  new StrongroomError('E_INTERRUPTED', 'The run was interrupted.', { cause: run.signal?.reason });
