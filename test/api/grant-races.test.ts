/** What happens at the same moment happens as if one came after the other (quality.md B3 and B4). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AssociationId } from '../../domain/ids.ts';
import type { Certificate } from '../../storage/certificates.ts';
import { approved, createBenchmark, digestOf } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import type { Reply } from './support/reply.ts';

const CLIENTS = 50;
const ROUNDS = 10;

let platform: TestPlatform;
let alice: Person;
let bob: Person;
let certificate: Certificate;
let access: AssociationId;

beforeAll(async () => {
  platform = await startPlatform();
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  await createBenchmark(platform, 'digits', committee);
  access = await approved(platform, alice, 'container', 'model', 'digits');
  await approved(platform, bob, 'dataset', 'wards', 'digits');
  await certificateFor(platform, alice);
  certificate = await certificateFor(platform, bob);
});
afterAll(() => platform.stop());

const grant = (origin: 'manual' | 'auto' = 'manual') =>
  alice.ask('POST', `/v1/associations/${access}/grants`, {
    archive: digestOf('model'),
    grants: [{ fingerprint: certificate.fingerprint, message: 'wrapped', origin, expiresAt: null }],
  });
const revoke = () =>
  alice.ask('POST', `/v1/associations/${access}/grants/revocation`, { email: 'bob@example.org', reason: 'left' });
const fetchKey = () => bob.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');
const validGrants = () =>
  platform.db
    .selectFrom('grants')
    .select('id')
    .where('associationId', '=', access)
    .where('state', '=', 'valid')
    .execute();
const times = (count: number, ask: (index: number) => Promise<Reply>) =>
  Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
const noFailures = (answers: readonly Reply[]) => {
  expect(answers.filter((answer) => answer.statusCode >= 500).map((answer) => answer.body)).toEqual([]);
};

test('fifty grants to one certificate are one grant, with one answer', async () => {
  const answers = await times(CLIENTS, () => grant());
  expect(new Set(answers.map((answer) => answer.statusCode))).toEqual(new Set([201]));
  expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
  expect(await validGrants()).toHaveLength(1);
});

test('grants and revocations at the same moment leave one valid grant or none, and count every revocation', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const answers = await times(CLIENTS, (index) => (index % 2 === 0 ? grant() : revoke()));
    noFailures(answers);
    expect((await validGrants()).length).toBeLessThanOrEqual(1);
  }
  const { rows } = await platform.db
    .selectFrom('grants')
    .select(({ fn }) => [fn.countAll<number>().as('all')])
    .where('message', 'is not', null)
    .where('state', '<>', 'valid')
    .execute()
    .then((found) => ({ rows: found }));
  expect(rows).toEqual([{ all: 0 }]);
});

test('once a revocation is acknowledged, no key comes out any more', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await grant();
    let acknowledged = false;
    const fetches = times(CLIENTS, async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40));
      const askedAfterwards = acknowledged;
      const answer = await fetchKey();
      if (askedAfterwards) expect(answer.json().code).toBe('E_ACCESS_REVOKED');
      return answer;
    });
    await new Promise((resolve) => setTimeout(resolve, 15));
    expect((await revoke()).json()).toEqual({ revoked: 1 });
    acknowledged = true;
    const answers = await fetches;
    noFailures(answers);
    for (const answer of answers) expect([200, 403]).toContain(answer.statusCode);
    expect((await fetchKey()).json().code).toBe('E_ACCESS_REVOKED');
  }
});

test('an automatic grant that meets a revocation loses: afterwards the address has no access', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await grant();
    const answers = await Promise.all([revoke(), ...Array.from({ length: 20 }, () => grant('auto'))]);
    noFailures(answers);
    expect(await validGrants()).toEqual([]);
    expect((await grant('auto')).json().code).toBe('E_ACCESS_REVOKED');
  }
});

test('a certificate that is revoked while it is granted to ends without a key', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const revocation = bob.ask('POST', `/v1/certificates/${certificate.fingerprint}/revocation`, { reason: 'lost' });
    const answers = await Promise.all([revocation, ...Array.from({ length: 20 }, () => grant())]);
    noFailures(answers);
    expect(await validGrants()).toEqual([]);
    certificate = await certificateFor(platform, bob);
  }
});

test('the deletion of all keys at the same moment as grants and fetches closes for good', async () => {
  await grant();
  const erase = () => alice.ask('DELETE', `/v1/associations/${access}/grants`);
  const answers = await times(CLIENTS, (index) => [grant, erase, fetchKey, () => grant('auto'), revoke][index % 5]!());
  noFailures(answers);
  expect(await validGrants()).toEqual([]);
  expect((await fetchKey()).json().code).toBe('E_ACCESS_CLOSED');
  expect((await grant()).json().code).toBe('E_ACCESS_CLOSED');
  const closed = await platform.db.selectFrom('associations').select('state').where('id', '=', access).execute();
  expect(closed).toEqual([{ state: 'closed' }]);
});
