/** Postgres is away for longer than a few quick attempts take, while a submission and a vote go on (A6). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { watchApi } from '../support/api-watch.ts';
import { Harness } from '../support/harness.ts';
import { until } from '../../support/patience.ts';
import { reached } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

/** It is killed each time it comes back, for so long. */
const AWAY_MS = 20_000;

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open();
});
afterAll(() => harness.close());

test('everything waits for it, and goes on by itself', async () => {
  const { study, cast } = harness;
  const name = containerName('waiting');
  const whole = study.whole(name);
  whole.catch(() => undefined);
  await reached(cast.temporal.client, study.storiesOf(name), 'Committee decides');
  const watch = watchApi(study.dora);
  for (const begun = Date.now(); Date.now() - begun < AWAY_MS;) {
    const killed = await harness.kill('postgres');
    await until('postgres is started again', async () => (await harness.pidOf('postgres')) !== killed);
  }
  const back = await harness.untilReady();
  await whole;
  const watched = await watch.end();
  await harness.note('postgres is killed whenever it comes back, for 20 s', watched, back);
  expect(watched.improper).toEqual([]);
  expect(await harness.verdict()).toEqual([]);
});
