/** The owner's agent is away for many rounds of auto-grant, while somebody new is let in (A15). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { AUTO_GRANT_SECONDS } from '../../../domain/grant.ts';
import type { AssociationId } from '../../../domain/ids.ts';
import {
  accessStatusQuery,
  autoGrantUpdate,
  manageAccessWorkflowId,
  type AutoGrant,
} from '../../../workflows/manage-access/contract.ts';
import { Harness } from '../support/harness.ts';
import { until } from '../../support/patience.ts';
import { BENCHMARK, containerName } from '../support/study.ts';

/** Rounds that are missed. */
const AWAY_ROUNDS = 4;

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open();
}, 300_000);
afterAll(() => harness.close(), 60_000);

/** Who has how many valid grants. */
async function valid(association: AssociationId): Promise<readonly string[]> {
  const rows = await harness.db
    .selectFrom('grants')
    .innerJoin('certificates', 'certificates.fingerprint', 'grants.fingerprint')
    .select('email')
    .where('associationId', '=', association)
    .where('grants.state', '=', 'valid')
    .orderBy('email')
    .execute();
  return rows.map(({ email }) => email);
}

test('once it is back each has one grant, and while auto-grant is off nobody gets another', async () => {
  const { study, cast } = harness;
  const name = containerName('model');
  await study.submit(name);
  const association = await study.associate(name);
  const access = manageAccessWorkflowId(study.olga.handle, name, BENCHMARK);
  const autoGrant = (setting: AutoGrant | null) =>
    study.update(access, (handle, updateId) => handle.executeUpdate(autoGrantUpdate, { args: [setting], updateId }));
  const join = async (person: string) => {
    const joined = await cast.join(person);
    await study.authorise(joined);
    await cast.certify(joined);
  };
  await autoGrant({ everySeconds: AUTO_GRANT_SECONDS.least, only: null });
  await until('dora has a grant', async () => (await valid(association)).length === 1);

  const agent = await harness.pidOf('agent');
  process.kill(agent, 'SIGSTOP');
  await join('eve');
  await pause(AWAY_ROUNDS * AUTO_GRANT_SECONDS.least * 1000);
  expect(await valid(association)).toEqual(['dora@example.org']);
  await harness.untilBack('agent', await harness.kill('agent'));
  await until('eve has a grant', async () => (await valid(association)).length > 1);

  await autoGrant(null);
  await join('finn');
  await pause(AWAY_ROUNDS * AUTO_GRANT_SECONDS.least * 1000);
  expect(await valid(association)).toEqual(['dora@example.org', 'eve@example.org']);
  const handle = cast.temporal.client.workflow.getHandle(access);
  expect((await handle.query(accessStatusQuery)).counters).toMatchObject({ granted: 2 });
  expect(await harness.verdict()).toEqual([]);
}, 300_000);
