/** Runs one task of a container, shut in, to its end or to the first limit that it breaks. */
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { StrongroomError } from '../domain/errors.ts';
import { containerOptions } from './container-options.ts';
import { dockerFailure, ignoreMissing } from './docker.ts';
import { statusOf } from './failure.ts';
import { runLabels } from './own-names.ts';
import { dockerMounts, planMounts } from './run-mounts.ts';
import type { RunMount } from './run-mounts.ts';
import { checkOutputs, prepareOutputs } from './run-output.ts';
import type { IsolatedRun } from './run-request.ts';
import { couldNotStart, interrupted, runToEnd } from './run-to-end.ts';
import { checkReadable, chooseUser } from './run-user.ts';
import type { RunUser } from './run-user.ts';

export type { IsolatedRun } from './run-request.ts';

export interface RunOutcome {
  readonly exitCode: 0;
  readonly seconds: number;
  readonly outputBytes: number;
}

/**
 * Runs the task and answers when its container has ended well and its output was checked. The container is always
 * removed. Fails with `E_CONTAINER_FAILED`, `E_CONTAINER_KILLED`, `E_CONTAINER_TIMEOUT`, `E_CONTAINER_OUTPUT_TOO_LARGE`,
 * `E_CONTAINER_OUTPUT_EMPTY`, `E_DATASET_UNREADABLE`, `E_OUTPUT_EXISTS`, `E_IMAGE_NOT_FOUND`, `E_DOCKER_UNAVAILABLE`,
 * and with `E_INTERRUPTED` when `signal` fires.
 */
export async function runIsolated(docker: Docker, run: IsolatedRun): Promise<RunOutcome> {
  const mounts = await planMounts(run.taskName, run.task, run.volumes);
  const inputs = mounts.filter((mount) => mount.access === 'read');
  const outputs = mounts.filter((mount) => mount.access === 'write');
  const user = await chooseUser(inputs.map((input) => input.hostPath));
  for (const input of inputs) await checkReadable(input.hostPath, user);
  await prepareOutputs(outputs, user);
  if (run.signal?.aborted) throw interrupted(run);
  const created = await createContainer(docker, run, mounts, user);
  try {
    const seconds = await runToEnd(created.container, run, outputs).finally(() => removeContainer(docker, created));
    return { exitCode: 0, seconds, outputBytes: await checkOutputs(outputs, run.limits.outputMaxBytes) };
  } catch (error) {
    throw dockerFailure(error, 'The container could not be run.');
  }
}

async function removeContainer(docker: Docker, { container, volumes }: CreatedContainer): Promise<void> {
  await ignoreMissing(container.remove({ force: true, v: true }));
  for (const volume of volumes) await ignoreMissing(docker.getVolume(volume).remove());
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
    const { NCPU: cpus } = (await docker.info()) as { NCPU: number };
    const bounded = { ...limits, cpus: Math.min(limits.cpus, cpus) };
    const plan = { image, settings, labels, runArgs: run.task.runArgs, user, mounts: dockerSide, limits: bounded };
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
