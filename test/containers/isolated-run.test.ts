import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { connectDocker } from '../../containers/docker.ts';
import { runIsolated } from '../../containers/isolated-run.ts';
import type { IsolatedRun, RunOutcome } from '../../containers/isolated-run.ts';
import { RUN_LABEL } from '../../containers/own-names.ts';
import type { RunLimits } from '../../containers/run-limits.ts';
import type { RunArgs, TaskConfig } from '../../domain/container-config.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { parseImageDigest } from '../../domain/ids.ts';
import { giveProbe } from './support/probe-image.ts';
import type { TestImage } from './support/probe-image.ts';

const LIMITS: RunLimits = {
  memoryBytes: 64 * 2 ** 20,
  cpus: 1,
  pids: 32,
  timeoutSeconds: 30,
  outputMaxBytes: 8 * 2 ** 20,
  shmBytes: 2 ** 20,
};

const task = (runArgs: RunArgs): TaskConfig => ({
  runArgs,
  inputVolumes: { parameters_file: { mountPath: '/parameters.yaml', type: 'file' } },
  // The author put the dataset among the outputs.
  outputVolumes: {
    data_path: { mountPath: '/data', type: 'directory' },
    output_path: { mountPath: '/out', type: 'directory' },
  },
});

let docker: Docker;
let probe: TestImage;
let folder: string;
const made: string[] = [];
const runId = `test/isolated-run/${process.pid}`;

beforeAll(async () => {
  docker = await connectDocker();
  probe = await giveProbe(docker, 'isolated');
  made.push(probe.imageName);
  folder = await mkdtemp(join(tmpdir(), 'strongroom-isolated-'));
});

afterAll(async () => {
  for (const name of made) await docker.getImage(name).remove();
  await rm(folder, { recursive: true, force: true });
});

/** A fresh data folder with one file, and a place for the output. */
async function makeRun(deed: string, more: Partial<IsolatedRun> = {}): Promise<IsolatedRun> {
  const place = await mkdtemp(join(folder, 'run-'));
  const data = join(place, 'data');
  await mkdir(data);
  await writeFile(join(data, 'one'), 'a patient');
  // The container's user owns the data, so that only the mount keeps it from writing there.
  if (process.getuid?.() === 0) for (const path of [data, join(data, 'one')]) await chown(path, 4321, 4322);
  return {
    runId,
    image: probe.engineId,
    taskName: 'infer',
    task: task({ command: [deed], environment: { GREETING: 'hello there' } }),
    volumes: { data_path: data, output_path: join(place, 'out') },
    limits: LIMITS,
    logFile: join(place, 'log.txt'),
    ...more,
  };
}

const outputOf = (run: IsolatedRun) => run.volumes.output_path!;

/** Runs the probe and answers its report: name and number of each attempt. */
async function report(deed: string, more: Partial<IsolatedRun> = {}): Promise<Record<string, string>> {
  const run = await makeRun(deed, more);
  await runIsolated(docker, run);
  const lines = (await readFile(join(outputOf(run), 'report'), 'utf8')).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/:?\s+/, 2) as [string, string]));
}

async function failure(run: IsolatedRun): Promise<StrongroomError> {
  let outcome: RunOutcome;
  try {
    outcome = await runIsolated(docker, run);
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error(`it went well: ${JSON.stringify(outcome)}`);
}

const ourContainers = async () => docker.listContainers({ all: true, filters: { label: [`${RUN_LABEL}=${runId}`] } });

describe('E5 and E6: a container is shut in', () => {
  test('it reaches no network, not even the host or a metadata service', async () => {
    const { done, ...attempts } = await report('network');
    expect(done).toBe('0');
    const interfaces = Object.keys(attempts).filter((name) => name.startsWith('interface-'));
    expect(interfaces).toEqual(['interface-lo']);
    for (const attempt of ['internet', 'dns', 'metadata', 'host', 'raw', 'packet']) {
      expect([attempt, attempts[attempt]]).not.toEqual([attempt, '0']);
    }
  });

  test('it writes nowhere but to its output, /tmp and /dev/shm, and sees nothing of the machine', async () => {
    const attempts = await report('files');
    const allowed = ['/tmp/x', '/dev/shm/x', 'read-data', 'declared', 'done'];
    const succeeded = Object.keys(attempts).filter((name) => attempts[name] === '0');
    expect(succeeded.sort()).toEqual(allowed.sort());
  });

  test('a dataset stays as it was, although the config lists it among the outputs', async () => {
    const run = await makeRun('files');
    await runIsolated(docker, run);
    expect(await readdir(run.volumes.data_path!)).toEqual(['one']);
    expect(await readFile(join(run.volumes.data_path!, 'one'), 'utf8')).toBe('a patient');
  });

  test('it is not root, has no capability, cannot get any, and leaves no core file', async () => {
    const status = await report('privileges');
    expect(status.uid).not.toBe('0');
    expect(status.gid).not.toBe('0');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect([set, Number(status[set])]).toEqual([set, 0]);
    expect(status.NoNewPrivs).toBe('1');
    expect(status.Seccomp).toBe('2');
    for (const attempt of ['setuid', 'mount', 'chroot', 'set-user-id-root']) expect(status[attempt]).not.toBe('0');
    expect(status).toMatchObject({ core: '0', pid: '1', home: '/tmp', host: 'hello' });
  });

  test('what its image says of user, volumes, health checks and labels changes none of this', async () => {
    const wild = await giveProbe(docker, 'wild', {
      User: 'root',
      Volumes: { '/declared': {}, '/tmp': {}, '/data': {} },
      Healthcheck: { Test: ['CMD', '/probe', 'mark'], Interval: 1_000_000 },
      Labels: { [RUN_LABEL]: 'another run' },
      ExposedPorts: { '80/tcp': {} },
      StopSignal: 'SIGRTMAX',
    });
    made.push(wild.imageName);
    const image = wild.engineId;
    expect((await report('privileges', { image })).uid).not.toBe('0');
    const attempts = await report('files', { image });
    expect(Object.keys(attempts).filter((name) => attempts[name] === '0')).toHaveLength(5);
    const lingering = await makeRun('linger', { image });
    await runIsolated(docker, lingering);
    expect(await readdir(outputOf(lingering))).toEqual(['report']);
    expect((await docker.listVolumes({ filters: { label: [`${RUN_LABEL}=${runId}`] } })).Volumes).toEqual([]);
  });

  test('a volume of the image below the dataset is refused, so no folder appears in the dataset', async () => {
    const wild = await giveProbe(docker, 'below', { Volumes: { '/data/deep': {} } });
    made.push(wild.imageName);
    const run = await makeRun('nothing', { image: wild.engineId });
    expect((await failure(run)).message).toContain('/data/deep');
    expect(await readdir(run.volumes.data_path!)).toEqual(['one']);
  });

  test('a working folder among the open files of the engine is refused', async () => {
    const wild = await giveProbe(docker, 'folder', { WorkingDir: '/proc/self/fd/7' });
    made.push(wild.imageName);
    expect((await failure(await makeRun('nothing', { image: wild.engineId }))).message).toContain('working folder');
  });

  test('entrypoint and command come from the config', async () => {
    const run = await makeRun('nothing', { task: task({ entrypoint: '/suid' }) });
    expect((await failure(run)).message).toContain('exit code 1');
  });
});

describe('E6: a container that takes too much', () => {
  test('of processes gets no more than its limit', async () => {
    const { forks } = await report('forks');
    expect(Number(forks)).toBeGreaterThan(0);
    expect(Number(forks)).toBeLessThan(LIMITS.pids);
  });

  test('of memory is stopped, and the message says so', async () => {
    const error = await failure(await makeRun('memory'));
    expect(error.code).toBe('E_CONTAINER_FAILED');
    expect(error.message).toContain('memory');
  });

  test.each(['loop', 'chatty'])('of time is stopped, whether it prints or not: %s', async (deed) => {
    const run = await makeRun(deed, { limits: { ...LIMITS, timeoutSeconds: 1 } });
    expect((await failure(run)).code).toBe('E_CONTAINER_TIMEOUT');
  });

  test.each(['huge-file', 'many-files'])('of disk is stopped: %s', async (deed) => {
    const run = await makeRun(deed);
    const error = await failure(run);
    expect(error.code).toBe('E_CONTAINER_OUTPUT_TOO_LARGE');
    const names = await readdir(outputOf(run));
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(outputOf(run), name))).size));
    // It may have gone a little over the limit before we looked, but not far.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(16 * LIMITS.outputMaxBytes);
  });
});

describe('a container that ends badly', () => {
  test('with an exit code: what it printed is in a file that only its owner reads, and nowhere else', async () => {
    const run = await makeRun('fail');
    const error = await failure(run);
    expect(error.code).toBe('E_CONTAINER_FAILED');
    expect(error.message).toContain('exit code 3');
    expect(error.next).toContain(run.logFile);
    expect(JSON.stringify([error.message, error.why, error.next])).not.toContain('secret');
    const lines = (await readFile(run.logFile, 'utf8')).trim().split('\n');
    expect(lines.sort()).toEqual(['a secret that was printed', 'another one']);
    expect((await stat(run.logFile)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['with no output', 'nothing', 'E_CONTAINER_OUTPUT_EMPTY'],
    ['with an empty file', 'empty', 'E_CONTAINER_OUTPUT_EMPTY'],
    ['with a link to a file of the machine', 'link', 'E_CONTAINER_FAILED'],
    ['with a pipe', 'fifo', 'E_CONTAINER_FAILED'],
  ])('%s', async (_what, deed, code) => {
    const error = await failure(await makeRun(deed));
    expect(error.code).toBe(code);
    if (code === 'E_CONTAINER_FAILED') expect(error.message).toContain('not a regular file');
  });

  test('before it begins: an entrypoint that is not there', async () => {
    const error = await failure(await makeRun('x', { task: task({ entrypoint: '/not/there' }) }));
    expect(error.code).toBe('E_CONTAINER_FAILED');
    expect(error.message).toContain('could not be started');
  });

  test('before it begins: an image that is not there', async () => {
    const image = parseImageDigest(`sha256:${'0'.repeat(64)}`);
    expect((await failure(await makeRun('x', { image }))).code).toBe('E_IMAGE_NOT_FOUND');
  });

  test('before it begins: a volume that the run has not', async () => {
    const inputVolumes = { labels: { mountPath: '/labels', type: 'directory' } } as const;
    const error = await failure(await makeRun('x', { task: { ...task({}), inputVolumes } }));
    expect(error.code).toBe('E_CONTAINER_CONFIG');
    expect(error.message).toContain('"labels"');
  });

  test('before it begins: an input that is not there, or is of another type', async () => {
    const run = await makeRun('x');
    const gone = { ...run.volumes, data_path: join(folder, 'nowhere') };
    expect((await failure({ ...run, volumes: gone })).code).toBe('E_FILE_NOT_FOUND');
    const file = { ...run.volumes, data_path: join(run.volumes.data_path!, 'one') };
    expect((await failure({ ...run, volumes: file })).code).toBe('E_CONTAINER_CONFIG');
  });

  test('before it begins: GPUs where there are none', async () => {
    const { Runtimes } = (await docker.info()) as { Runtimes: Record<string, unknown> };
    if ('nvidia' in Runtimes) return;
    const error = await failure(await makeRun('files', { task: task({ command: ['files'], gpus: 'all' }) }));
    expect(error.code).toBe('E_CONTAINER_FAILED');
    expect(error.message).toContain('GPUs');
  });

  test('before it begins: an output folder with something in it', async () => {
    const run = await makeRun('x');
    await mkdir(outputOf(run));
    await writeFile(join(outputOf(run), 'earlier'), 'result');
    expect((await failure(run)).code).toBe('E_OUTPUT_EXISTS');
  });

  test('before it begins: an output that is a link', async () => {
    const run = await makeRun('x');
    await symlink('/etc', outputOf(run));
    expect((await failure(run)).code).toBe('E_OUTPUT_EXISTS');
  });
});

describe('a run', () => {
  test('tells how much was written, and keeps beginning and end of a long log', async () => {
    const heard: number[] = [];
    const run = await makeRun('print', { onOutput: (bytes) => heard.push(bytes) });
    const outcome = await runIsolated(docker, run);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.outputBytes).toBeGreaterThan(0);
    const log = await readFile(run.logFile, 'utf8');
    expect(log.startsWith('first line\n')).toBe(true);
    expect(log.endsWith('last line\n')).toBe(true);
    expect(log).toContain('bytes left out');
    expect(log.length).toBeLessThan(6 * 2 ** 20);
  });

  test('takes a dataset behind a link, and as many processors as there are', async () => {
    const run = await makeRun('files', { limits: { ...LIMITS, cpus: 4096 } });
    const link = join(run.volumes.data_path!, '..', 'link');
    await symlink(run.volumes.data_path!, link);
    await runIsolated(docker, { ...run, volumes: { ...run.volumes, data_path: link } });
    expect(await readFile(join(outputOf(run), 'report'), 'utf8')).toContain('read-data 0');
  });

  test('mounts a single file for an output of that type', async () => {
    const run = await makeRun('single', {
      taskName: 'evaluate',
      task: {
        runArgs: { command: ['single'] },
        inputVolumes: { labels: { mountPath: '/data', type: 'directory' } },
        outputVolumes: { output_path: { mountPath: '/result.yaml', type: 'file' } },
      },
    });
    const output = join(run.logFile, '..', 'results', 'results.yaml');
    await runIsolated(docker, { ...run, volumes: { labels: run.volumes.data_path!, output_path: output } });
    expect((await stat(output)).size).toBe(65536);
  });

  test('is interrupted at once, and its container is gone', async () => {
    const stop = new AbortController();
    const run = await makeRun('loop', { signal: stop.signal });
    const ended = failure(run);
    const begun = async () => {
      const runs = async () => (await ourContainers()).some(({ State }) => State === 'running');
      while (!stop.signal.aborted && !(await runs())) await sleep(20);
    };
    await Promise.race([begun(), ended]);
    stop.abort();
    expect((await ended).code).toBe('E_INTERRUPTED');
    expect(await ourContainers()).toEqual([]);
  });

  test('says that it was killed where somebody else on the machine did that, so that it can be run again', async () => {
    const ended = failure(await makeRun('loop'));
    const running = async () => (await ourContainers()).find(({ State }) => State === 'running');
    let victim = await running();
    while (!victim) victim = await running();
    await docker.getContainer(victim.Id).kill();
    expect(await ended).toMatchObject({ code: 'E_CONTAINER_KILLED', kind: { retryable: true } });
    expect(await ourContainers()).toEqual([]);
  });

  test('is not begun once it is interrupted', async () => {
    expect((await failure(await makeRun('files', { signal: AbortSignal.abort() }))).code).toBe('E_INTERRUPTED');
  });

  test('leaves no container and no volume behind, however it ended', async () => {
    await failure(await makeRun('fail'));
    expect(await ourContainers()).toEqual([]);
  });
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot('where the agent is root', () => {
  test('the container runs as the owner of the dataset', async () => {
    const run = await makeRun('privileges');
    await chmod(run.volumes.data_path!, 0o700);
    await runIsolated(docker, run);
    expect(await readFile(join(outputOf(run), 'report'), 'utf8')).toMatch(/^uid 4321\ngid 4322\n/);
  });

  test('a dataset that only root can read is refused before anything is run, with the way to mend it', async () => {
    const run = await makeRun('files');
    for (const name of ['', 'one']) await chown(join(run.volumes.data_path!, name), 0, 0);
    await chmod(join(run.volumes.data_path!, 'one'), 0o600);
    const error = await failure(run);
    expect(error.code).toBe('E_DATASET_UNREADABLE');
    expect(error.next).toContain(`chmod -R a+rX ${run.volumes.data_path!}`);
  });
});
