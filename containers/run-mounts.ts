/** What a container sees of the machine: its inputs, read-only, and its outputs. */
import { randomUUID } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { MountSettings } from 'dockerode';
import type { Mount, TaskConfig, TaskName } from '../domain/container-config.ts';
import { TASK_VOLUMES } from '../domain/container-config.ts';
import { StrongroomError } from '../domain/errors.ts';

export interface RunMount extends Mount {
  /** Name of the volume in its task, for instance `data_path`. */
  readonly volume: string;
  readonly hostPath: string;
  readonly access: 'read' | 'write';
}

/** Inputs that a config may list although a run has nothing to give for them. */
const OPTIONAL = ['parameters_file', 'additional_files'];

/**
 * The mounts of a task. Whether one can be written follows from its name in the task, never from the list of the config
 * that it stands in: a dataset is read-only even where the container's author put it among the outputs.
 */
export async function planMounts(
  taskName: TaskName,
  task: TaskConfig,
  hostPaths: Readonly<Record<string, string>>,
): Promise<RunMount[]> {
  const outputs: readonly string[] = TASK_VOLUMES[taskName].outputs;
  const mounts: RunMount[] = [];
  for (const [volume, mount] of Object.entries({ ...task.inputVolumes, ...task.outputVolumes })) {
    const hostPath = hostPaths[volume];
    if (hostPath === undefined && OPTIONAL.includes(volume)) continue;
    if (hostPath === undefined) throw nothingToMount(taskName, volume);
    if (outputs.includes(volume)) mounts.push({ ...mount, volume, hostPath: resolve(hostPath), access: 'write' });
    else mounts.push({ ...mount, volume, hostPath: await findInput(volume, mount, hostPath), access: 'read' });
  }
  return mounts;
}

const nothingToMount = (taskName: TaskName, volume: string) =>
  new StrongroomError('E_CONTAINER_CONFIG', `There is nothing to mount as "${volume}" in the task "${taskName}".`, {
    next: `Leave ${volume} out of the container config.`,
  });

/** Where an input really is, links followed; it must be of the type that the config says. */
async function findInput(volume: string, mount: Mount, hostPath: string): Promise<string> {
  const path = await realpath(hostPath).catch((error: unknown) => {
    throw new StrongroomError('E_FILE_NOT_FOUND', `There is no ${hostPath} to mount as "${volume}".`, { cause: error });
  });
  if ((await stat(path)).isDirectory() === (mount.type === 'directory')) return path;
  throw new StrongroomError('E_CONTAINER_CONFIG', `The volume "${volume}" is no ${mount.type}: ${path}.`, {
    next: `Change its type in the container config.`,
  });
}

interface ImageVolumes {
  readonly Volumes?: Readonly<Record<string, unknown>> | null;
}

/**
 * The mounts as Docker takes them. Volumes that the image declares would be writable and without a limit; each is
 * mounted read-only instead, with what the image has there, as a volume with `labels` that goes with the container.
 */
export function dockerMounts(
  mounts: readonly RunMount[],
  image: ImageVolumes,
  labels: Readonly<Record<string, string>>,
): MountSettings[] {
  const declared = Object.keys(image.Volumes ?? {}).map(normalise);
  const unclaimed = declared.filter((path) => path !== '/tmp' && !mounts.some((mount) => mount.mountPath === path));
  for (const path of unclaimed) refuseOverlap(path, mounts);
  return [...mounts.map(bindMount), ...unclaimed.map((path) => readOnlyVolume(path, labels))];
}

const normalise = (path: string) =>
  `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;

function bindMount(mount: RunMount): MountSettings {
  return {
    Type: 'bind',
    Source: mount.hostPath,
    Target: mount.mountPath,
    ReadOnly: mount.access === 'read',
    BindOptions: { Propagation: 'rprivate' },
  };
}

/** A volume without a name could not be read-only. */
const readOnlyVolume = (path: string, labels: Readonly<Record<string, string>>): MountSettings => ({
  Type: 'volume',
  Source: `strongroom-${randomUUID()}`,
  Target: path,
  ReadOnly: true,
  VolumeOptions: { NoCopy: false, Labels: { ...labels }, DriverConfig: { Name: 'local', Options: {} } },
});

/** A volume below one of our mounts would make Docker create a folder in the data owner's dataset. */
function refuseOverlap(path: string, mounts: readonly RunMount[]): void {
  const over = mounts.find((mount) => path.startsWith(`${mount.mountPath}/`));
  if (!over && path !== '/') return;
  throw new StrongroomError('E_CONTAINER_FAILED', `The image declares a volume at ${path}, where it may not.`, {
    why: over
      ? `The volume "${over.volume}" of the task is mounted at ${over.mountPath}.`
      : 'It would hide the whole image.',
    next: 'Ask the author of the container to leave VOLUME out of the image.',
  });
}
