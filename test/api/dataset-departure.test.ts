/** Who takes the last dataset out of a benchmark is no authorised data owner of it any more. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AssociationId } from '../../domain/ids.ts';
import type { Certificate } from '../../storage/certificates.ts';
import { approved, createBenchmark, digestOf } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

const ROUNDS = 8;

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
  await certificateFor(platform, alice);
  certificate = await certificateFor(platform, bob);
});
afterAll(() => platform.stop());

const bring = (name: string) => approved(platform, bob, 'dataset', name, 'digits');
const leave = (id: AssociationId, who = bob) =>
  who.ask('POST', `/v1/associations/${id}/departure`, { reason: 'two consents ended' });
const grant = () =>
  alice.ask('POST', `/v1/associations/${access}/grants`, {
    archive: digestOf('model'),
    grants: [{ fingerprint: certificate.fingerprint, message: 'wrapped', origin: 'auto', expiresAt: null }],
  });
const fetchKey = () => bob.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');
const keys = () => platform.db.selectFrom('grants').select('id').where('message', 'is not', null).execute();

test('the last dataset of a data owner takes every key with it, and the owners of containers hear of it', async () => {
  const [wards, practice] = [await bring('wards'), await bring('practice')];
  expect((await grant()).statusCode).toBe(201);
  expect((await leave(wards)).json()).toMatchObject({ grantsRevoked: 0, association: { state: 'closed' } });
  expect((await fetchKey()).statusCode).toBe(200);
  expect((await leave(practice)).json()).toMatchObject({
    grantsRevoked: 1,
    association: { state: 'closed', reason: 'two consents ended' },
  });
  expect(await keys()).toEqual([]);
  expect((await fetchKey()).json()).toMatchObject({
    code: 'E_ACCESS_REVOKED',
    why: 'The reason given: Dataset withdrawn: two consents ended',
  });
  expect((await grant()).json()).toMatchObject({ code: 'E_NOT_AUTHORISED' });
  const heard = await platform.db.selectFrom('events').selectAll().where('type', '=', 'data-owner.left').execute();
  expect(heard).toMatchObject([{ audience: alice.account.id, association: access, account: 'bob' }]);
  expect((await leave(practice)).json()).toMatchObject({ grantsRevoked: 0, association: { state: 'closed' } });
});

test('only an own dataset can leave, and only one that was approved', async () => {
  const wards = await bring('clinic');
  expect((await leave(wards, alice)).statusCode).toBe(404);
  expect((await leave(access, alice)).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
  await bob.ask('POST', '/v1/datasets', { name: 'asked', sha256: 'b'.repeat(64), size: 4096, files: 3 });
  await bob.ask('POST', '/v1/associations', { kind: 'dataset', name: 'asked', benchmark: 'digits' });
  const { items } = (await bob.ask('GET', '/v1/associations?mine=true&state=requested')).json();
  expect((await leave(items[0]!.id)).json()).toMatchObject({ code: 'E_CONFLICT', why: 'The request is requested.' });
  await leave(wards);
});

test('a grant that is made while the dataset leaves does not stay', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const dataset = await bring(`round-${round}`);
    const answers = await Promise.all([grant(), leave(dataset), grant(), grant()]);
    expect(answers.map((answer) => answer.statusCode).filter((status) => status >= 500)).toEqual([]);
    expect(await keys()).toEqual([]);
  }
});
