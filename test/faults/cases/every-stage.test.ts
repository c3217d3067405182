/** Each process is killed at every stage of a submission (A1, A2, A3, A5, A6). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Harness, temporalOn, type Part, type TemporalServer } from '../support/harness.ts';
import { reached, STAGES, type Stage } from '../support/stages.ts';
import { containerName } from '../support/study.ts';

interface Shape {
  readonly server: TemporalServer;
  readonly parts: readonly Part[];
  readonly stages: readonly Stage[];
}

/** The full server in Postgres differs in what becomes of the two; a stage of each kind of work shows it. */
const SHAPES: readonly (readonly [string, Shape])[] = [
  [
    'the development server',
    { server: 'development', parts: ['agent', 'api', 'worker', 'postgres', 'temporal'], stages: STAGES },
  ],
  [
    'the full server in Postgres',
    {
      server: 'postgres',
      parts: ['postgres', 'temporal'],
      stages: ['Export and encrypt', 'Register', 'Run the model on the test dataset', 'Committee decides'],
    },
  ],
];

describe.each(SHAPES)('with %s', (_shape, { server, parts, stages }) => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.open({ settings: temporalOn(server) });
  }, 900_000);
  afterAll(() => harness.close(), 60_000);

  describe.each(parts)('a submission is finished although %s', (part) => {
    test.each(stages.map((stage, index) => [stage, index] as const))(
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
