import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { bringUp, type RunningStack } from '../../stack/stack.ts';
import { found, until } from '../support/patience.ts';

const PROCESSES = ['api', 'worker', 'temporal', 'postgres', 'attestor', 'broker', 'enclave'];
const ROOT = path.resolve(import.meta.dirname, '..', '..');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-stack-'));
  await chmod(folder, 0o711);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const pidOf = async (dataFolder: string, name: string): Promise<number> =>
  (JSON.parse(await readFile(path.join(dataFolder, 'processes', `${name}.json`), 'utf8')) as { pid: number }).pid;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the embedded stack', () => {
  test('whatever dies is started again by itself, and it is said', async () => {
    const dataFolder = path.join(folder, 'supervised');
    const said: string[] = [];
    const stack: RunningStack = await bringUp(readPlatformConfiguration({ STRONGROOM_DATA: dataFolder }), (line) => {
      said.push(line);
    });
    const isReady = async () => (await fetch(`${stack.addresses.api}/readyz`)).ok;
    for (const name of ['api', 'worker', 'temporal', 'postgres']) {
      const victim = await pidOf(dataFolder, name);
      process.kill(victim, 'SIGKILL');
      // It is said once the supervisor has seen it, too.
      await until(`${name} is said to be up again`, () => said.includes(`${name} is up again`));
      expect(await pidOf(dataFolder, name)).not.toBe(victim);
      await until('the platform is ready', isReady);
    }
    const pids = await Promise.all(PROCESSES.map((name) => pidOf(dataFolder, name)));
    await stack.stop();
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await readdir(path.join(dataFolder, 'processes'))).toEqual([]);
  });

  test('after a kill of the supervisor the next start ends what it left, and comes up on the same data', async () => {
    const dataFolder = path.join(folder, 'killed');
    const supervisor = spawn(process.execPath, [path.join(ROOT, 'stack', 'dev.ts')], {
      env: { ...process.env, STRONGROOM_DATA: dataFolder },
      stdio: 'ignore',
    });
    const orphans = await found('all processes', () => Promise.all(PROCESSES.map((name) => pidOf(dataFolder, name))));
    supervisor.kill('SIGKILL');
    await until('the supervisor has ended', () => supervisor.signalCode !== null);
    expect(orphans.every(isAlive)).toBe(true);
    const stack = await bringUp(readPlatformConfiguration({ STRONGROOM_DATA: dataFolder }), () => undefined);
    expect(orphans.filter(isAlive)).toEqual([]);
    expect((await fetch(`${stack.addresses.api}/readyz`)).ok).toBe(true);
    await stack.stop();
  });
});
