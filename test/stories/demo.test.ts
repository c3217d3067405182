/** The demo, started as the README says: it tells the whole story, gives no secret away, and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectDocker } from '../../containers/docker.ts';
import { parseOwnImageName, RUN_LABEL } from '../../containers/own-names.ts';
import { CanarySearch, type Trace } from '../support/canaries.ts';
import { watchProcesses, type ProcessWatch } from '../support/process-watch.ts';
import { filesBelow, historiesOf, type Place, tablesOf } from './demo-places.ts';
import { secretsOf } from './demo-secrets.ts';
import { startDemo, type RunningDemo } from './running-demo.ts';

const STAYS = /The stack goes on in (\S+)\. /;

const demoFolders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('strongroom-demo-'));

/** What of the demo could be in Docker: its packages, and whatever was run. */
async function ours(): Promise<string[]> {
  const docker = await connectDocker();
  const images = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  const containers = await docker.listContainers({ all: true, filters: { label: [RUN_LABEL] } });
  return [
    ...images.filter((name) => name.startsWith('strongroom-digits-') || parseOwnImageName(name) !== null),
    ...containers.map(({ Id }) => Id),
  ].sort();
}

describe('the demo with --keep', () => {
  let before: { readonly folders: string[]; readonly inDocker: string[] };
  let watch: ProcessWatch;
  let demo: RunningDemo;
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
  });

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
  });
});
