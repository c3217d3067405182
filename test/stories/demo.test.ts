/** The demo, started as the README says: it tells the whole story, stays when asked to, and leaves nothing behind. */
import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectDocker } from '../../containers/docker.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const STAYS = 'The stack goes on';

const demoFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('strongroom-demo-'));

/** Everything of ours that Docker holds. */
async function ours(): Promise<string[]> {
  const docker = await connectDocker();
  const images = await docker.listImages();
  const containers = await docker.listContainers({ all: true });
  const names = [...images.flatMap(({ RepoTags }) => RepoTags ?? []), ...containers.flatMap(({ Names }) => Names)];
  return names.filter((name) => name.includes('strongroom')).sort();
}

async function demo(args: readonly string[], env: Record<string, string>, onText: (shown: string) => void) {
  const child = spawn('npm', ['run', 'demo', '--', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a shell gives it: Ctrl-C reaches every process in it.
    detached: true,
  });
  let shown = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => onText((shown += text)));
  }
  const ctrlC = () => process.kill(-(child.pid ?? 0), 'SIGINT');
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ctrlC, ended: async () => ({ code: await code, shown }) };
}

test('the demo tells the whole story, stays with --keep, and Ctrl-C leaves nothing behind', async () => {
  const before = await demoFolders();
  let stays: (shown: string) => void = () => undefined;
  const staying = new Promise<string>((resolve) => (stays = resolve));
  const running = await demo(['--keep'], {}, (shown) => {
    if (shown.includes(STAYS)) stays(shown);
  });
  const shown = await Promise.race([staying, running.ended().then((end) => end.shown)]);
  expect(shown).toContain(STAYS);
  expect(shown).toContain('The study is over.');

  const reference = /API reference +(http\S+)/.exec(shown)?.[1] ?? '';
  const webUi = /Temporal Web UI +(http\S+)/.exec(shown)?.[1] ?? '';
  for (const address of [reference, webUi]) expect((await fetch(address)).status).toBe(200);

  running.ctrlC();
  await running.ended();
  await expect(fetch(reference)).rejects.toThrow();
  expect(await demoFolders()).toEqual(before);
  expect(await ours()).toEqual([]);
}, 400_000);

test('where Docker does not answer, the demo says in two lines what is missing, and has an exit code of its own', async () => {
  const { ended } = await demo([], { DOCKER_HOST: 'unix:///nonexistent/docker.sock' }, () => undefined);
  const { code, shown } = await ended();
  expect(code).toBe(11);
  const said = shown.split('\n').filter((line) => line !== '' && !line.startsWith('>'));
  expect(said).toHaveLength(2);
  expect(said.join(' ')).toMatch(/E_DOCKER_UNAVAILABLE.*install/);
}, 60_000);
