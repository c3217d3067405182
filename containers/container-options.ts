/** How a container is shut in: everything that Docker is told when it makes one for a run. */
import type { ContainerCreateOptions, DeviceRequest, HostConfig, ImageInspectInfo, MountSettings } from 'dockerode';
import type { RunArgs } from '../domain/container-config.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { isPlainContainerPath } from './image-config.ts';
import type { RunLimits } from './run-limits.ts';
import type { RunUser } from './run-user.ts';

export interface ContainerPlan {
  readonly image: ImageDigest;
  /** The image's own settings, which its author wrote; newer engines leave out what is empty. */
  readonly settings: Partial<ImageInspectInfo['Config']>;
  readonly labels: Readonly<Record<string, string>>;
  readonly runArgs: RunArgs;
  readonly user: RunUser;
  readonly mounts: MountSettings[];
  readonly limits: RunLimits;
}

/** A container without network, privileges or a writable place but its outputs and a bounded `/tmp`. */
export function containerOptions(plan: ContainerPlan): ContainerCreateOptions {
  const { runArgs, user } = plan;
  refuseDangerousFolder(plan.settings.WorkingDir);
  const environment = { HOME: '/tmp', ...runArgs.environment };
  return {
    Image: plan.image,
    Labels: { ...plan.labels },
    User: `${user.uid}:${user.gid}`,
    Hostname: 'strongroom',
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...(runArgs.entrypoint !== undefined && { Entrypoint: [runArgs.entrypoint] }),
    ...(runArgs.command && { Cmd: [...runArgs.command] }),
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    Tty: false,
    Healthcheck: { Test: ['NONE'] },
    HostConfig: { ...isolation(), ...resources(plan.limits, runArgs), Mounts: plan.mounts },
  };
}

const isolation = (): HostConfig => ({
  NetworkMode: 'none',
  ReadonlyRootfs: true,
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  Privileged: false,
  IpcMode: 'private',
  RestartPolicy: { Name: 'no' },
  // What it prints is read from the connection and kept by us; Docker keeps no copy.
  LogConfig: { Type: 'none', Config: {} },
});

function resources(limits: RunLimits, runArgs: RunArgs): HostConfig {
  const tmpBytes = Math.floor(limits.memoryBytes / 2);
  const gpus = deviceRequest(runArgs.gpus);
  return {
    Memory: limits.memoryBytes,
    // Memory and swap together: no swap beyond the memory.
    MemorySwap: limits.memoryBytes,
    NanoCpus: Math.round(limits.cpus * 1e9),
    PidsLimit: limits.pids,
    ShmSize: Math.min(runArgs.shmSize ?? 64 * 2 ** 20, limits.shmBytes),
    Tmpfs: { '/tmp': `rw,nosuid,nodev,exec,mode=1777,size=${tmpBytes}` },
    Ulimits: [
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nofile', Soft: 4096, Hard: 4096 },
      // A little more than is allowed, so that a file which the kernel cut off is seen to be too large.
      { Name: 'fsize', Soft: limits.outputMaxBytes + PAGE, Hard: limits.outputMaxBytes + PAGE },
    ],
    ...(gpus && { DeviceRequests: [gpus] }),
  };
}

const PAGE = 4096;

function deviceRequest(gpus: string | undefined): DeviceRequest | null {
  if (gpus === undefined) return null;
  const base = { Driver: '', Capabilities: [['gpu']], Options: {} };
  if (gpus.startsWith('device=')) return { ...base, DeviceIDs: gpus.slice('device='.length).split(',') };
  return { ...base, Count: gpus === 'all' ? -1 : Number(gpus) };
}

function refuseDangerousFolder(folder: string | undefined): void {
  if (folder === undefined || folder === '' || isPlainContainerPath(folder)) return;
  throw new StrongroomError('E_CONTAINER_FAILED', 'The working folder of the image lies outside its own files.', {
    next: 'Ask the author of the container to set WORKDIR to a folder of the image.',
  });
}
