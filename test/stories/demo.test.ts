/** The demo, started as the README says: it tells the whole story, gives no secret away, and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectDocker } from '../../containers/docker.ts';
import { CanarySearch, type Trace } from '../support/canaries.ts';
import { watchProcesses, type ProcessWatch } from '../support/process-watch.ts';
import { filesBelow, historiesOf, type Place, tablesOf } from './demo-places.ts';
import { secretsOf } from './demo-secrets.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const STAYS = /The stack goes on in (\S+)\. /;

const demoFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('strongroom-demo-'));

/** Everything of ours that Docker holds. */
async function ours(): Promise<string[]> {
  const docker = await connectDocker();
  const images = await docker.listImages();
  const containers = await docker.listContainers({ all: true });
  const names = [...images.flatMap(({ RepoTags }) => RepoTags ?? []), ...containers.flatMap(({ Names }) => Names)];
  return names.filter((name) => name.includes('strongroom')).sort();
}

function startDemo(args: readonly string[], env: Record<string, string>, onText: (shown: string) => void) {
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
  const ctrlC = () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGINT');
  };
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ctrlC, ended: async () => ({ code: await code, shown }) };
}

describe('the demo with --keep', () => {
  let before: { readonly folders: string[]; readonly inDocker: string[] };
  let watch: ProcessWatch;
  let demo: ReturnType<typeof startDemo>;
  let shown: string;
  let folder: string;

  beforeAll(async () => {
    before = { folders: await demoFolders(), inDocker: await ours() };
    watch = watchProcesses();
    let stays: (shown: string) => void = () => undefined;
    const staying = new Promise<string>((resolve) => (stays = resolve));
    demo = startDemo(['--keep'], {}, (text) => {
      if (STAYS.test(text)) stays(text);
    });
    shown = await Promise.race([staying, demo.ended().then((end) => end.shown)]);
    folder = STAYS.exec(shown)?.[1] ?? '';
  }, 420_000);

  afterAll(async () => {
    demo.ctrlC();
    await demo.ended();
  });

  async function tracesIn(
    places: AsyncIterable<Place> | Iterable<Place>,
  ): Promise<{ traces: Trace[]; places: number }> {
    const search = new CanarySearch(await secretsOf(folder));
    const [traces, seen]: [Trace[], string[]] = [[], []];
    for await (const [place, content] of places) {
      traces.push(...search.tracesIn(content, place));
      seen.push(place);
    }
    return { traces, places: seen.length };
  }

  test('tells the whole story, and the addresses that it prints answer', async () => {
    expect(shown).toMatch(STAYS);
    expect(shown).toContain('The study is over.');
    expect(shown).toMatch(/Encrypted to the key of dora[^]*--sealed[^]*0: \d/);
    for (const name of ['API reference', 'Temporal Web UI']) {
      const address = new RegExp(`${name} +(http\\S+)`).exec(shown)?.[1] ?? '';
      expect((await fetch(address)).status).toBe(200);
    }
  });

  test('prints no secret', async () => {
    expect(await tracesIn([['what the demo printed', Buffer.from(shown)]])).toEqual({ traces: [], places: 1 });
  });

  test('shows none to who lists processes and their environments', async () => {
    const { traces, places } = await tracesIn(await watch.end());
    expect(traces).toEqual([]);
    expect(places).toBeGreaterThan(100);
  });

  test('keeps no secret or plaintext in any file but the one for it', async () => {
    const { traces, places } = await tracesIn(filesBelow(folder));
    expect(traces).toEqual([]);
    expect(places).toBeGreaterThan(100);
  });

  test('keeps none in any table of the database', async () => {
    const { traces, places } = await tracesIn(tablesOf(path.join(folder, 'platform')));
    expect(traces).toEqual([]);
    expect(places).toBeGreaterThan(20);
  });

  test('keeps none in any history or description of a workflow', async () => {
    const { traces, places } = await tracesIn(historiesOf(path.join(folder, 'alice', 'agent', 'agent.json')));
    expect(traces).toEqual([]);
    expect(places).toBeGreaterThan(20);
  });

  test('leaves nothing behind after Ctrl-C', async () => {
    demo.ctrlC();
    await demo.ended();
    const reference = /API reference +(http\S+)/.exec(shown)?.[1] ?? '';
    await expect(fetch(reference)).rejects.toThrow();
    expect((await demoFolders()).filter((name) => !before.folders.includes(name))).toEqual([]);
    expect((await ours()).filter((name) => !before.inDocker.includes(name))).toEqual([]);
  }, 60_000);
});

describe('where Docker does not answer, the demo', () => {
  const DOCKER_HOST = 'unix:///nonexistent/docker.sock';
  const linesOf = (shown: string) => shown.split('\n').filter((line) => line !== '' && !line.startsWith('>'));

  test('says so, and tells the whole story with functions in the sandbox', async () => {
    const { ended } = startDemo([], { DOCKER_HOST }, () => undefined);
    const { code, shown } = await ended();
    expect(code).toBe(0);
    const [missing, advice, goesOn] = linesOf(shown);
    expect(missing).toMatch(/^E_DOCKER_UNAVAILABLE/);
    expect(advice).toMatch(/^Install/);
    expect(goesOn).toMatch(/^Going on without it/);
    expect(shown).toMatch(/Sent: +yes/);
    expect(shown).toContain('The study is over.');
    expect(shown).toContain('E_ACCESS_CLOSED');
    expect(shown).toMatch(/Encrypted to the key of dora[^]*--sealed[^]*0: \d/);
  }, 420_000);

  test('says in two lines what is missing where there is no sandbox either, and has an exit code of its own', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'no-sandbox-'));
    try {
      // A bubblewrap as it is where the system lets nobody make namespaces.
      const refusing = '#!/bin/sh\necho "bwrap: No permissions to create a new namespace" >&2\nexit 1\n';
      await writeFile(path.join(folder, 'bwrap'), refusing, { mode: 0o755 });
      const PATH = `${folder}:${process.env.PATH ?? ''}`;
      const { code, shown } = await startDemo([], { DOCKER_HOST, PATH }, () => undefined).ended();
      expect(code).toBe(11);
      expect(linesOf(shown)).toHaveLength(2);
      expect(linesOf(shown).join(' ')).toMatch(/E_DOCKER_UNAVAILABLE.*nstall/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 60_000);
});
