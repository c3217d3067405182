/** The clocks of the API and of the worker go wrong, apart from one another and from the agents (A12). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { watchApi } from '../support/api-watch.ts';
import { openClocks, type Clocks } from '../support/clocks.ts';
import { Harness } from '../support/harness.ts';
import { reached } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

let clocks: Clocks;
let harness: Harness;

beforeAll(async () => {
  clocks = await openClocks();
  harness = await Harness.open();
}, 300_000);
afterAll(async () => {
  await harness.close();
  await clocks.close();
}, 60_000);

describe('a submission is finished, and access changed as asked, although', () => {
  test.each([
    ['the API is ten minutes ahead and the worker ten behind', 'ahead', { api: 600, worker: -600 }],
    ['the API is ten minutes behind and the worker ten ahead', 'behind', { api: -600, worker: 600 }],
  ] as const)(
    '%s',
    async (fault, name, ahead) => {
      const { study } = harness;
      await clocks.move(ahead);
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
    await clocks.move({ api: 0, worker: 0 });
    const name = containerName('stepped');
    const whole = study.whole(name);
    whole.catch(() => undefined);
    await reached(cast.temporal.client, study.storiesOf(name), 'Fetch the test dataset');
    const watch = watchApi(study.dora);
    await clocks.move({ api: -3600, worker: -3600 });
    await whole;
    const watched = await watch.end();
    await harness.note('the clocks of API and worker step back by an hour', watched, 0);
    expect(watched.seen).toEqual([]);
  }, 180_000);

  test('the audit log goes by its numbers, and nothing was lost, doubled or left behind', async () => {
    await clocks.move({ api: 0, worker: 0 });
    const { rows } = await sql<{ steps: number }>`SELECT count(*)::int AS steps FROM (
      SELECT sequence - lag(sequence) OVER (ORDER BY sequence) AS step FROM audit_entries) AS steps
      WHERE step <> 1`.execute(harness.db);
    expect(rows).toEqual([{ steps: 0 }]);
    expect(await harness.verdict()).toEqual([]);
  }, 180_000);
});
