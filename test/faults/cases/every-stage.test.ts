/** Each process is killed at every stage of a submission (A1, A2, A3, A5, A6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Harness, temporalOn, type Part, type TemporalServer } from '../support/harness.ts';
import { reached, STAGES } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

/** With Temporal's full server in Postgres only what has to do with either of them is different. */
const SHAPES: readonly (readonly [string, TemporalServer, readonly Part[]])[] = [
  ['the development server', 'development', ['agent', 'api', 'worker', 'postgres', 'temporal']],
  ['the full server in Postgres', 'postgres', ['postgres', 'temporal']],
];

describe.each(SHAPES)('with %s', (_shape, server, parts) => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.open({ settings: temporalOn(server) });
  }, 300_000);
  afterAll(() => harness.close(), 60_000);

  describe.each(parts)('a submission is finished although %s', (part) => {
    test.each(STAGES.map((stage, index) => [stage, index] as const))(
      'is killed at "%s"',
      async (stage, index) => {
        const { study, cast } = harness;
        const name = containerName(`${part}-${index}`);
        const associated = study.submit(name).then(() => study.associate(name));
        associated.catch(() => undefined);
        await reached(cast.temporal.client, study.storiesOf(name), stage);
        expect(await harness.untilBack(part, await harness.kill(part))).toBeLessThan(60);
        await associated;
      },
      240_000,
    );
  });

  test('nothing was lost, doubled or left behind', async () => {
    expect(await harness.verdict()).toEqual([]);
  }, 180_000);
});
