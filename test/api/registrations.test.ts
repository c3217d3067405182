import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { insertBlob } from '../../storage/blobs.ts';
import {
  approved,
  digestOf,
  METRICS_ARCHIVE,
  newBenchmark,
  newContainer,
  newDataset,
  TEST_DATASET,
} from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let committee: Person[];
let alice: Person;
let bob: Person;
let stranger: Person;

beforeAll(async () => {
  platform = await startPlatform();
  committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  stranger = await person(platform, 'stranger');
});
afterAll(() => platform.stop());

describe('a benchmark', () => {
  const create = (changes: object = {}) =>
    committee[0]!.ask('POST', '/v1/benchmarks', newBenchmark('digits', committee, changes));

  test('needs its files on the platform, with the size that they have', async () => {
    expect((await create()).json()).toMatchObject({ code: 'E_NOT_FOUND', status: 404 });
    for (const blob of [TEST_DATASET, METRICS_ARCHIVE]) await insertBlob(platform.db, blob, alice.account.id);
    const wrong = { ...TEST_DATASET, size: 13 };
    expect((await create({ testDataset: wrong })).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
  });

  test('needs members who have an account, each once, and enough of them for its quorum', async () => {
    expect((await create({ members: ['ann', 'nobody'] })).json()).toMatchObject({
      code: 'E_NOT_FOUND',
      detail: 'There is no account nobody.',
    });
    expect((await create({ members: ['ann', 'ann'] })).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
    expect((await create({ members: [] })).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
    expect((await create({ quorum: 4 })).json()).toMatchObject({ code: 'E_INVALID_REQUEST' });
  });

  test('is created once, answers a repeat, and refuses another of its name', async () => {
    const first = await create();
    expect(first.statusCode).toBe(201);
    expect(first.json()).toMatchObject({
      owner: 'ann',
      state: 'open',
      members: ['ann', 'ben', 'cleo'],
      quorum: 2,
      reminderHours: 72,
      testDataset: { ...TEST_DATASET, url: `http://127.0.0.1:8080/v1/blobs/${TEST_DATASET.sha256}` },
    });
    expect((await create()).json()).toEqual(first.json());
    expect((await create({ quorum: 1 })).json()).toMatchObject({ code: 'E_ALREADY_EXISTS', status: 409 });
    const other = await alice.ask('POST', '/v1/benchmarks', newBenchmark('digits', committee));
    expect(other.json()).toMatchObject({ code: 'E_ALREADY_EXISTS' });
    expect((await stranger.ask('GET', '/v1/benchmarks')).json().items).toEqual([first.json()]);
    expect((await stranger.ask('GET', '/v1/benchmarks/digits')).json()).toEqual(first.json());
    expect((await stranger.ask('GET', '/v1/benchmarks/nothing')).json()).toMatchObject({ code: 'E_NOT_FOUND' });
  });
});

describe.each(['container', 'dataset'] as const)('a %s', (kind) => {
  const make = kind === 'container' ? newContainer : newDataset;
  const register = (changes: object = {}) => alice.ask('POST', `/v1/${kind}s`, { ...make('first'), ...changes });

  test('is registered once, fifty times at the same moment, and never changes', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => register()));
    expect(new Set(answers.map((answer) => answer.statusCode))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    const changed = kind === 'container' ? { plaintextSize: 3 } : { size: 3 };
    expect((await register(changed)).json()).toMatchObject({ code: 'E_ALREADY_EXISTS', status: 409 });
    expect((await alice.ask('GET', `/v1/${kind}s`)).json().items).toEqual([answers[0]!.json()]);
  });

  test('is seen by its owner and by the committee that it was submitted to', async () => {
    const see = async (someone: Person) => (await someone.ask('GET', `/v1/${kind}s/alice/second`)).statusCode;
    await register({ name: 'second' });
    expect([await see(alice), await see(committee[0]!), await see(bob)]).toEqual([200, 404, 404]);
    await approved(platform, alice, kind, 'second', 'digits');
    expect([await see(alice), await see(committee[0]!), await see(stranger)]).toEqual([200, 200, 404]);
    await approved(platform, bob, 'dataset', `wards-${kind}`, 'digits');
    expect(await see(bob)).toBe(kind === 'container' ? 200 : 404);
  });
});

test('an archive on the platform itself is found there, wherever the platform is reached', async () => {
  const sha256 = digestOf('hosted');
  const archive = { url: `http://127.0.0.1:8080/v1/blobs/${sha256}`, sha256, size: 5 };
  const answer = await alice.ask('POST', '/v1/containers', { ...newContainer('hosted'), archive });
  expect(answer.json()).toMatchObject({ archive });
  const stored = platform.db.selectFrom('containers').select('archiveUrl').where('archiveSha256', '=', sha256);
  expect(await stored.execute()).toEqual([{ archiveUrl: `/v1/blobs/${sha256}` }]);
  expect((await alice.ask('GET', '/v1/containers/alice/hosted')).json()).toMatchObject({ archive });
});

test.each([
  ['a name with a path in it', { name: '../model' }],
  ['an address that is not of the web', { archive: { url: 'file:///etc/passwd', sha256: digestOf('x'), size: 1 } }],
  ['a user in the address', { archive: { url: 'https://user:secret@example.org/x', sha256: digestOf('x'), size: 1 } }],
  ['a size of nothing', { plaintextSize: 0 }],
  ['a size that is no whole number', { plaintextSize: 1.5 }],
  ['a digest in capitals', { imageDigest: `sha256:${'A'.repeat(64)}` }],
  ['a config that is too long', { config: 'x'.repeat(65_537) }],
])('a container with %s is refused', async (_what, changes) => {
  const answer = await alice.ask('POST', '/v1/containers', { ...newContainer('refused'), ...changes });
  expect(answer.json()).toMatchObject({ code: 'E_INVALID_REQUEST', status: 400 });
});

describe('a result', () => {
  const result = (changes: object = {}) => ({
    container: { owner: 'alice', name: 'second' },
    benchmark: 'digits',
    dataset: 'wards-container',
    metrics: { accuracy: 0.97, by: { ward: [1, 2] } },
    ...changes,
  });
  const submit = (someone: Person, changes: object = {}) => someone.ask('POST', '/v1/results', result(changes));

  test('is taken from who had access, with an approved dataset of theirs, and counts once', async () => {
    expect((await submit(bob)).json()).toMatchObject({ code: 'E_NO_ACCESS', status: 403 });
    await certificateFor(platform, alice);
    const { fingerprint } = await certificateFor(platform, bob);
    const access = (await alice.ask('GET', '/v1/associations?kind=container&mine=true')).json().items[0]!.id;
    await alice.ask('POST', `/v1/associations/${access}/grants`, {
      archive: newContainer('first').archive.sha256,
      grants: [{ fingerprint, message: 'wrapped', origin: 'manual', expiresAt: null }],
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit(bob)));
    expect(new Set(answers.map((answer) => answer.statusCode))).toEqual(new Set([201]));
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
    const another = await submit(bob, { metrics: { accuracy: 0.5 } });
    expect(another.json().id).not.toBe(answers[0]!.json().id);
    await bob.ask('POST', '/v1/datasets', newDataset('unasked'));
    expect((await submit(bob, { dataset: 'unasked' })).json()).toMatchObject({ code: 'E_NOT_AUTHORISED' });
    expect((await submit(bob, { dataset: 'nothing' })).json()).toMatchObject({ code: 'E_DATASET_NOT_FOUND' });
    expect((await submit(stranger)).json()).toMatchObject({ code: 'E_DATASET_NOT_FOUND' });
  });

  test('without scores, or with too many, is refused', async () => {
    expect((await submit(bob, { metrics: {} })).statusCode).toBe(400);
    expect((await submit(bob, { metrics: [1] })).statusCode).toBe(400);
    expect((await submit(bob, { metrics: { text: 'x'.repeat(70_000) } })).json()).toMatchObject({
      code: 'E_RESULTS_INVALID',
    });
  });

  test('is read by the committee and by who submitted it, and by nobody else', async () => {
    const count = async (someone: Person) =>
      (await someone.ask('GET', '/v1/benchmarks/digits/results')).json().items.length;
    expect([await count(committee[2]!), await count(bob), await count(alice), await count(stranger)]).toEqual([
      2, 2, 0, 0,
    ]);
    expect((await bob.ask('GET', '/v1/benchmarks/nothing/results')).json()).toMatchObject({ code: 'E_NOT_FOUND' });
  });
});
