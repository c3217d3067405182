/** The clocks of the API and of the worker go wrong, apart from one another and from the agents (A12). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { watchApi } from '../support/api-watch.ts';
import { Harness } from '../support/harness.ts';
import { reached } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

const PRELOAD = pathToFileURL(path.join(import.meta.dirname, '..', 'support', 'moved-clock.ts')).href;
/** Longer than a process takes to look at its clock again. */
const NOTICED_MS = 500;

let folder: string;
let harness: Harness;

/** In seconds, ahead of the right time. */
async function move(clocks: { readonly api: number; readonly worker: number }): Promise<void> {
  const file = path.join(folder, 'clocks');
  await writeFile(`${file}.new`, JSON.stringify({ 'api/server.ts': clocks.api, 'workers/platform.ts': clocks.worker }));
  await rename(`${file}.new`, file);
  await pause(NOTICED_MS);
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'clocks-'));
  await move({ api: 0, worker: 0 });
  process.env.FAULTS_CLOCKS = path.join(folder, 'clocks');
  process.env.NODE_OPTIONS = `--import=${PRELOAD}`;
  harness = await Harness.open();
}, 300_000);
afterAll(async () => {
  delete process.env.NODE_OPTIONS;
  delete process.env.FAULTS_CLOCKS;
  await harness.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('a submission is finished, and access changed as asked, although', () => {
  test.each([
    ['the API is ten minutes ahead and the worker ten behind', 'ahead', { api: 600, worker: -600 }],
    ['the API is ten minutes behind and the worker ten ahead', 'behind', { api: -600, worker: 600 }],
  ] as const)(
    '%s',
    async (fault, name, clocks) => {
      const { study } = harness;
      await move(clocks);
      const watch = watchApi(study.dora);
      await study.whole(containerName(name));
      const watched = await watch.end();
      await harness.note(fault, watched, 0);
      expect(watched.seen).toEqual([]);
    },
    180_000,
  );

  test('both clocks step back by an hour in its middle', async () => {
    const { study, cast } = harness;
    await move({ api: 0, worker: 0 });
    const name = containerName('stepped');
    const whole = study.whole(name);
    whole.catch(() => undefined);
    await reached(cast.temporal.client, study.storiesOf(name), 'Fetch the test dataset');
    const watch = watchApi(study.dora);
    await move({ api: -3600, worker: -3600 });
    await whole;
    const watched = await watch.end();
    await harness.note('the clocks of API and worker step back by an hour', watched, 0);
    expect(watched.seen).toEqual([]);
  }, 180_000);

  test('the audit log goes by its numbers, and nothing was lost, doubled or left behind', async () => {
    await move({ api: 0, worker: 0 });
    const { rows } = await sql<{ steps: number }>`SELECT count(*)::int AS steps FROM (
      SELECT sequence - lag(sequence) OVER (ORDER BY sequence) AS step FROM audit_entries) AS steps
      WHERE step <> 1`.execute(harness.db);
    expect(rows).toEqual([{ steps: 0 }]);
    expect(await harness.verdict()).toEqual([]);
  }, 180_000);
});
