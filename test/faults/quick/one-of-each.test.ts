/** One fault of each kind in the middle of a submission, all on one platform: everything goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { watchApi } from '../support/api-watch.ts';
import { openClocks, type Clocks } from '../support/clocks.ts';
import { Harness, type Part } from '../support/harness.ts';
import { loseCommitOfVote } from '../support/held-commits.ts';
import { reached } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

/** After so long the first grant is on its way. */
const GRANTING_MS = 150;
const GREEDY = path.join(import.meta.dirname, '..', 'support', 'greedy-model', 'container_config.yaml');

let clocks: Clocks;
let harness: Harness;

beforeAll(async () => {
  clocks = await openClocks();
  harness = await Harness.open();
});
afterAll(async () => {
  await harness.close();
  await clocks.close();
});

async function kill(part: Part, middleOf: string): Promise<void> {
  const watch = watchApi(harness.study.ben);
  const back = await harness.untilBack(part, await harness.kill(part));
  const watched = await watch.end();
  await harness.note(`${part} killed in the middle of ${middleOf}`, watched, back);
  expect(watched.improper).toEqual([]);
}

/** How often each step of a submission was begun; one that had to be done again was begun twice. */
async function attempts(name: string): Promise<readonly number[]> {
  const { study, cast } = harness;
  const histories = study
    .storiesOf(containerName(name))
    .map((story) => cast.temporal.client.workflow.getHandle(story).fetchHistory());
  return (await Promise.all(histories))
    .flatMap(({ events }) => events ?? [])
    .flatMap(({ activityTaskStartedEventAttributes: begun }) => (begun ? [begun.attempt ?? 0] : []));
}

describe('a submission is finished, and access changed as asked, although', () => {
  test.each<Part>(['agent', 'api', 'worker', 'postgres', 'temporal'])('%s is killed in their middle', async (part) => {
    const { study, cast } = harness;
    const name = containerName(`without-${part}`);
    const submitted = study.submit(name).then(() => study.associate(name));
    submitted.catch(() => undefined);
    await reached(cast.temporal.client, study.storiesOf(name), 'Run the model on the test dataset');
    await kill(part, 'a submission');
    const association = await submitted;
    const changed = study.changeAccess(name, association);
    changed.catch(() => undefined);
    await pause(GRANTING_MS);
    await kill(part, 'a change of access');
    await changed;
  });

  test('the clocks of the API and of the worker are ten minutes off, either way', async () => {
    const watch = watchApi(harness.study.dora);
    await clocks.move({ api: 600, worker: -600 });
    await harness.study.whole(containerName('out-of-time'));
    await clocks.move({ api: 0, worker: 0 });
    expect((await watch.end()).seen).toEqual([]);
  });
});

test('what the agent is at when it is asked to stop is finished, and nothing is done again', async () => {
  const { study, cast } = harness;
  const name = containerName('asked-to-stop');
  const submitted = study.submit(name).then(() => study.associate(name));
  submitted.catch(() => undefined);
  await reached(cast.temporal.client, study.storiesOf(name), 'Run the model on the test dataset');
  process.kill(await harness.pidOf('agent'), 'SIGTERM');
  await submitted;
  expect(new Set(await attempts(name))).toEqual(new Set([1]));
});

test('whoever repeats a vote whose commit was lost hears that it was cast, and it was cast once', async () => {
  const { heard, state, votes, watched, backAfter } = await loseCommitOfVote(harness, 'lost-commit');
  await harness.note('postgres killed in the commit of the deciding vote, development server', watched, backAfter);
  expect(heard[0].status).toBe(201);
  expect(heard[1]).toEqual(heard[0]);
  expect({ state, votes }).toEqual({ state: 'approved', votes: 2 });
  expect(watched.improper).toEqual([]);
});

test('a model that takes too much memory is refused by name', async () => {
  const { study } = harness;
  const greedy = containerName('greedy');
  await study.submit(greedy, GREEDY);
  const refusal: unknown = await study.request(greedy).catch((error: unknown) => error);
  expect(inspect(refusal, { depth: 10 })).toContain('E_FUNCTION_MEMORY');
});

test('nothing was lost, doubled or left behind', async () => {
  expect(await harness.verdict()).toEqual([]);
});
