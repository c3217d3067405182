/** The other backend: a runner in a Docker container, for machines where bubblewrap cannot make namespaces. */
import { Duplex, PassThrough, Readable } from 'node:stream';
import Docker from 'dockerode';
import type { Container, ContainerCreateOptions, HostConfig } from 'dockerode';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionLimits } from '../../domain/function.ts';
import { dataBytes, ENVIRONMENT, FOLDER, nodeFlags, NOBODY, tmpfsBytes } from './sandbox.ts';
import { NODE_AT, RUNNER_AT, sandboxFiles } from './sandbox-files.ts';
import { dockerSeccompProfile } from './seccomp.ts';
import type { Ending, StartedRunner } from './started-runner.ts';
import { keepLastWords } from './started-runner.ts';

/** An image with nothing in it: all that a runner sees is mounted. */
const EMPTY_IMAGE = 'strongroom-empty:1';
const EMPTY_TAR = Buffer.alloc(1024);
/** On every container of ours: the process that started it. */
const HOST_LABEL = 'strongroom.runner.host';
/** Threads of Node, onnxruntime and a function's own; with the limit of memory they are bounded twice. */
const MAX_THREADS = 128;

/** Docker's own list, and all of `/sys`. Of `/proc` a runner must see itself here; nobody else is in there. */
const MASKED = [
  '/sys',
  ...['asound', 'acpi', 'kcore', 'keys', 'latency_stats', 'scsi'].map((name) => `/proc/${name}`),
  ...['timer_list', 'timer_stats', 'sched_debug', 'interrupts'].map((name) => `/proc/${name}`),
];

/** Starts a runner in a container. Fails with `E_SANDBOX_MISSING` where Docker Engine does not answer or refuses. */
export async function startContainer(limits: FunctionLimits): Promise<StartedRunner> {
  try {
    const docker = new Docker();
    prepared ??= prepareEngine(docker);
    await prepared;
    return await start(docker, await containerOptions(limits));
  } catch (error) {
    prepared = undefined;
    throw new StrongroomError('E_SANDBOX_MISSING', 'No container can be made for the function.', {
      why: `Docker Engine: ${error instanceof Error ? error.message.slice(0, 300) : 'no answer'}.`,
      next: 'Start Docker Engine on this machine, or use bubblewrap.',
    });
  }
}

let prepared: Promise<void> | undefined;

/** Once in the life of a host: the empty image, and away with what hosts that were killed left behind. */
async function prepareEngine(docker: Docker): Promise<void> {
  await removeOrphans(docker);
  const known = await docker.listImages({ filters: { reference: [EMPTY_IMAGE] } });
  if (known.length > 0) return;
  const [repo, tag] = EMPTY_IMAGE.split(':');
  const imported = await docker.importImage(Readable.from([EMPTY_TAR]), { repo, tag });
  // Read to its end: that is when the image is there.
  for await (const _progress of imported);
}

async function removeOrphans(docker: Docker): Promise<void> {
  const ours = await docker.listContainers({ all: true, filters: { label: [HOST_LABEL] } });
  const orphans = ours.filter(({ Labels }) => !isRunning(Number(Labels[HOST_LABEL])));
  for (const { Id } of orphans) await remove(docker.getContainer(Id));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const remove = (container: Container): Promise<void> =>
  container.remove({ force: true }).then(
    () => undefined,
    () => undefined,
  );

async function start(docker: Docker, options: ContainerCreateOptions): Promise<StartedRunner> {
  const container = await docker.createContainer(options);
  try {
    const attached = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const [frames, stderr] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(attached, frames, stderr);
    attached.once('end', () => [frames, stderr].forEach((stream) => stream.end()));
    const lastWords = keepLastWords(stderr);
    await container.start();
    return follow(container, Duplex.from({ readable: frames, writable: attached }), lastWords);
  } catch (error) {
    await remove(container);
    throw error;
  }
}

function follow(container: Container, socket: Duplex, lastWords: () => string): StartedRunner {
  let alive = true;
  socket.on('error', () => undefined);
  const ended = endOf(container).then((ending): Ending => {
    alive = false;
    return { ...ending, lastWords: lastWords(), notStarted: null };
  });
  return {
    socket,
    processId: undefined,
    isAlive: () => alive,
    kill: () => void container.kill({ signal: 'SIGKILL' }).catch(() => undefined),
    ended,
  };
}

async function endOf(container: Container): Promise<Pick<Ending, 'code' | 'signal' | 'outOfMemory'>> {
  try {
    await container.wait();
    const { State: state } = await container.inspect();
    return { code: state.ExitCode, signal: null, outOfMemory: state.OOMKilled };
  } catch {
    return { code: null, signal: null, outOfMemory: false };
  } finally {
    await remove(container);
  }
}

/** What is measured: all that a container is made with, but for what differs from machine to machine. */
export async function containerSpecification(limits: FunctionLimits): Promise<object> {
  const { Labels: _host, HostConfig, ...options } = await containerOptions(limits);
  const { Mounts = [], ...isolated } = HostConfig ?? {};
  return { ...options, HostConfig: { ...isolated, Mounts: Mounts.map(({ Source: _place, ...mount }) => mount) } };
}

async function containerOptions(limits: FunctionLimits): Promise<ContainerCreateOptions> {
  return {
    Image: EMPTY_IMAGE,
    Labels: { [HOST_LABEL]: String(process.pid) },
    User: `${NOBODY}:${NOBODY}`,
    Hostname: 'runner',
    WorkingDir: FOLDER,
    Env: Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
    Entrypoint: [NODE_AT, ...nodeFlags(limits), RUNNER_AT, FOLDER, 'stdio'],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // When the host dies its connection ends, and with it the runner's input and the runner.
    StdinOnce: true,
    HostConfig: await isolation(limits),
  };
}

async function isolation(limits: FunctionLimits): Promise<HostConfig> {
  const limit = (Name: string, most: number) => ({ Name, Soft: most, Hard: most });
  const memory = dataBytes(limits);
  return {
    NetworkMode: 'none',
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges', `seccomp=${JSON.stringify(dockerSeccompProfile())}`],
    IpcMode: 'none',
    MaskedPaths: MASKED,
    LogConfig: { Type: 'none', Config: {} },
    Memory: memory,
    MemorySwap: memory,
    PidsLimit: MAX_THREADS,
    Ulimits: [limit('core', 0), limit('nofile', 256), limit('data', memory)],
    Tmpfs: { [FOLDER]: `rw,nosuid,nodev,exec,uid=${NOBODY},gid=${NOBODY},mode=700,size=${tmpfsBytes(limits)}` },
    Mounts: (await sandboxFiles()).map(({ from, at }) => ({ Type: 'bind', Source: from, Target: at, ReadOnly: true })),
  };
}
