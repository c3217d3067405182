/** Each process is killed in the middle of a submission and of a change of access: all goes on by itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { watchApi } from '../support/api-watch.ts';
import { Harness, type Part } from '../support/harness.ts';
import { reached } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

/** After so long the first grant is on its way. */
const GRANTING_MS = 150;

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open();
});
afterAll(() => harness.close());

async function kill(part: Part, middleOf: string): Promise<void> {
  const watch = watchApi(harness.study.ben);
  const back = await harness.untilBack(part, await harness.kill(part));
  const watched = await watch.end();
  await harness.note(`${part} killed in the middle of ${middleOf}`, watched, back);
  expect(watched.improper).toEqual([]);
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

  test('nothing was lost, doubled or left behind', async () => {
    expect(await harness.verdict()).toEqual([]);
  });
});
