/** Runs one task of a container, shut in, to its end or to the first limit that it breaks. */
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import type { TaskConfig, TaskName } from '../domain/container-config.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { keepLog } from './container-log.ts';
import { containerOptions } from './container-options.ts';
import { dockerFailure, ignoreMissing } from './docker.ts';
import { messageOf, statusOf } from './failure.ts';
import { runLabels } from './own-names.ts';
import type { RunLimits } from './run-limits.ts';
import { dockerMounts, planMounts } from './run-mounts.ts';
import type { RunMount } from './run-mounts.ts';
import { checkOutputs, isTooLarge, measureOutputs, outputTooLarge, prepareOutputs } from './run-output.ts';
import { checkReadable, chooseUser } from './run-user.ts';
import type { RunUser } from './run-user.ts';

export interface IsolatedRun {
  /** Under this label the container is found again, should this process die. */
  readonly runId: string;
  /** What the engine calls the image: `LoadedImage.engineId`. */
  readonly image: ImageDigest;
  readonly taskName: TaskName;
  readonly task: TaskConfig;
  /** Absolute paths on this machine by name of the volume; outputs are made where they are missing. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly limits: RunLimits;
  /** Gets what the container prints; readable by its owner only. */
  readonly logFile: string;
  readonly signal?: AbortSignal;
  /** Told a few times a second how many bytes the container has written. */
  readonly onOutput?: (outputBytes: number) => void;
}

export interface RunOutcome {
  readonly exitCode: 0;
  readonly seconds: number;
  readonly outputBytes: number;
}

/**
 * Runs the task and answers when its container has ended well and its output was checked. The container is always
 * removed. Fails with `E_CONTAINER_FAILED`, `E_CONTAINER_TIMEOUT`, `E_CONTAINER_OUTPUT_TOO_LARGE`,
 * `E_CONTAINER_OUTPUT_EMPTY`, `E_DATASET_UNREADABLE`, `E_OUTPUT_EXISTS`, `E_IMAGE_NOT_FOUND`, `E_DOCKER_UNAVAILABLE`,
 * and with `E_INTERRUPTED` when `signal` fires.
 */
export async function runIsolated(docker: Docker, run: IsolatedRun): Promise<RunOutcome> {
  const mounts = planMounts(run.taskName, run.task, run.volumes);
  const inputs = mounts.filter((mount) => mount.access === 'read');
  const outputs = mounts.filter((mount) => mount.access === 'write');
  const user = await chooseUser(inputs.map((input) => input.hostPath));
  for (const input of inputs) await checkReadable(input.hostPath, user);
  await prepareOutputs(outputs, user);
  if (run.signal?.aborted) throw interrupted(run);
  const { container, volumes } = await createContainer(docker, run, mounts, user);
  try {
    const seconds = await runToEnd(container, run, outputs);
    return { exitCode: 0, seconds, outputBytes: await checkOutputs(outputs, run.limits.outputMaxBytes) };
  } catch (error) {
    throw dockerFailure(error, 'The container could not be run.');
  } finally {
    await ignoreMissing(container.remove({ force: true, v: true }));
    for (const volume of volumes) await ignoreMissing(docker.getVolume(volume).remove());
  }
}

interface CreatedContainer {
  readonly container: Container;
  /** Names of the volumes that were made for it. */
  readonly volumes: readonly string[];
}

async function createContainer(
  docker: Docker,
  run: IsolatedRun,
  mounts: readonly RunMount[],
  user: RunUser,
): Promise<CreatedContainer> {
  const { image, limits } = run;
  const labels = runLabels(run.runId);
  try {
    const { Config: settings } = await docker.getImage(image).inspect();
    const dockerSide = dockerMounts(mounts, settings, labels);
    const plan = { image, settings, labels, runArgs: run.task.runArgs, user, mounts: dockerSide, limits };
    const container = await docker.createContainer(containerOptions(plan));
    return { container, volumes: dockerSide.filter(({ Type }) => Type === 'volume').map(({ Source }) => Source) };
  } catch (error) {
    if (statusOf(error) === 404) {
      throw new StrongroomError('E_IMAGE_NOT_FOUND', 'The image of the container is not there any more.', {
        cause: error,
      });
    }
    if (statusOf(error) === 400) throw couldNotStart(error);
    throw dockerFailure(error, 'The container could not be made.');
  }
}

const couldNotStart = (error: unknown) =>
  new StrongroomError('E_CONTAINER_FAILED', 'The container could not be started.', {
    why: messageOf(error).slice(0, 500),
    next: 'Compare entrypoint and command of its container config with what is in its image.',
    cause: error,
  });

const interrupted = (run: IsolatedRun) =>
  new StrongroomError('E_INTERRUPTED', 'The run was interrupted.', { cause: run.signal?.reason });

/** Why we stopped a container; `null` while nobody has. */
type StopReason = 'timeout' | 'too-large' | 'interrupted' | null;

async function runToEnd(container: Container, run: IsolatedRun, outputs: readonly RunMount[]): Promise<number> {
  const stopped: { reason: StopReason } = { reason: null };
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
    await start(container);
    const watches = [watchTime(run, stop, end.signal), watchOutput(run, outputs, stop, end.signal)];
    const interruption = watchSignal(run.signal, stop, end.signal);
    const ended = (container.wait() as Promise<{ StatusCode: number }>).finally(() => end.abort());
    const [{ StatusCode: exitCode }] = await Promise.all([ended, log, interruption, ...watches]);
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

async function start(container: Container): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    if (statusOf(error) === 400 || /exec:|no such file|permission denied|executable file/i.test(messageOf(error))) {
      throw couldNotStart(error);
    }
    throw error;
  }
}

type Stop = (reason: StopReason) => Promise<void>;

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

/** Fails unless the container ended by itself and well; says which limit it broke. */
async function explainEnd(
  container: Container,
  exitCode: number,
  reason: StopReason,
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
  throw new StrongroomError('E_CONTAINER_FAILED', `The container ended with exit code ${exitCode}.`, { next });
}
