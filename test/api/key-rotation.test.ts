/** A container's archive and every key that was wrapped for it change together, or nothing does (quality.md B7). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ROTATED } from '../../domain/grant.ts';
import type { AssociationId } from '../../domain/ids.ts';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import type { Certificate } from '../../storage/certificates.ts';
import { approved, createBenchmark, digestOf, newContainer } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
let bob: Person;
let carol: Person;
let certificates: Readonly<Record<'bob' | 'carol', Certificate>>;
let access: Readonly<Record<'digits' | 'letters', AssociationId>>;

const FIRST = newContainer('model').archive.sha256;
const archiveOf = (text: string) => ({ ...newContainer('model').archive, sha256: digestOf(text) });

beforeAll(async () => {
  platform = await startPlatform();
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  carol = await person(platform, 'carol');
  await createBenchmark(platform, 'digits', committee);
  await createBenchmark(platform, 'letters', committee);
  access = {
    digits: await approved(platform, alice, 'container', 'model', 'digits'),
    letters: await approved(platform, alice, 'container', 'model', 'letters'),
  };
  for (const who of [bob, carol]) await approved(platform, who, 'dataset', `${who.account.handle}-wards`, 'digits');
  await approved(platform, bob, 'dataset', 'bob-letters', 'letters');
  await certificateFor(platform, alice);
  certificates = { bob: await certificateFor(platform, bob), carol: await certificateFor(platform, carol) };
  await grant('digits', 'bob', FIRST, { origin: 'auto' });
  await grant('digits', 'carol', FIRST, { expiresAt: '2040-01-01T00:00:00.000Z' });
  await grant('letters', 'bob', FIRST);
});
afterAll(() => platform.stop());

const grant = (
  benchmark: 'digits' | 'letters',
  who: 'bob' | 'carol',
  archive: string,
  { origin = 'manual', expiresAt = null as string | null } = {},
) =>
  alice.ask('POST', `/v1/associations/${access[benchmark]}/grants`, {
    archive,
    grants: [{ fingerprint: certificates[who].fingerprint, message: `${archive} for ${who}`, origin, expiresAt }],
  });
const rewrapped = (benchmark: 'digits' | 'letters', who: 'bob' | 'carol', archive: string) => ({
  association: access[benchmark],
  fingerprint: certificates[who].fingerprint,
  message: `${archive} for ${who}`,
});
const everyone = (archive: string) => [
  rewrapped('digits', 'bob', archive),
  rewrapped('digits', 'carol', archive),
  rewrapped('letters', 'bob', archive),
];
const rotate = (body: object, who = alice) => who.ask('POST', '/v1/containers/alice/model/rotation', body);
const fetchAs = (who: Person, benchmark = 'digits') =>
  who.ask('GET', `/v1/containers/alice/model/grant?benchmark=${benchmark}`);
const listed = async (benchmark: 'digits' | 'letters') =>
  (await alice.ask('GET', `/v1/associations/${access[benchmark]}/grants`)).json().items;

/** What a change would show in. */
const state = async () => [
  await platform.db.selectFrom('grants').selectAll().orderBy('id').execute(),
  await platform.db.selectFrom('containers').selectAll().orderBy('id').execute(),
  await platform.db.selectFrom('auditEntries').select('sequence').orderBy('sequence').execute(),
];

const second = archiveOf('second');

describe('a rotation that does not name exactly those who have access (B7)', () => {
  const wrong: readonly (readonly [string, (all: object[]) => object])[] = [
    ['leaves somebody out', ([first, next]) => ({ grants: [first, next], ended: [] })],
    ['names nobody', () => ({ grants: [], ended: [] })],
    [
      'names somebody who has none',
      (all) => ({ grants: [...all, rewrapped('letters', 'carol', second.sha256)], ended: [] }),
    ],
  ];

  test.each(wrong)('and %s is refused, and nothing changes', async (_how, named) => {
    const before = await state();
    const answer = await rotate({ from: FIRST, archive: second, ...named(everyone(second.sha256)) });
    expect(answer.json()).toMatchObject({ code: 'E_ACCESS_CHANGED', status: 409 });
    expect(await state()).toEqual(before);
  });

  test('and names one twice is refused', async () => {
    const all = everyone(second.sha256);
    const answer = await rotate({ from: FIRST, archive: second, grants: [...all, all[0]], ended: [] });
    expect(answer.json()).toMatchObject({ code: 'E_INVALID_REQUEST', status: 400 });
  });
});

test('a rotation to the archive that is there, from another one, or of someone else’s container is refused', async () => {
  const before = await state();
  const body = { from: FIRST, archive: second, grants: everyone(second.sha256), ended: [] };
  expect((await rotate({ ...body, archive: archiveOf('model') })).json().code).toBe('E_INVALID_REQUEST');
  expect((await rotate({ ...body, from: digestOf('another') })).json().code).toBe('E_ARCHIVE_CHANGED');
  expect((await rotate(body, bob)).json().code).toBe('E_NOT_ALLOWED');
  expect(await state()).toEqual(before);
});

describe('a rotation (B7)', () => {
  test('gives everyone the new key, in every benchmark, and the earlier ones are erased', async () => {
    const answer = await rotate({ from: FIRST, archive: second, grants: everyone(second.sha256), ended: [] });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ archive: second, imageDigest: newContainer('model').imageDigest });
    for (const [who, benchmark] of [[bob, 'digits'] as const, [carol, 'digits'] as const, [bob, 'letters'] as const]) {
      expect((await fetchAs(who, benchmark)).json()).toMatchObject({
        archive: second,
        binding: { archive: second.sha256 },
        message: `${second.sha256} for ${who.account.handle}`,
      });
    }
    const kept = await platform.db.selectFrom('grants').select('message').where('message', 'is not', null).execute();
    expect(kept.map(({ message }) => message?.slice(0, 64))).toEqual([second.sha256, second.sha256, second.sha256]);
  });

  test('keeps how and until when somebody has access, and says of the earlier grants why they ended', async () => {
    const entries = await listed('digits');
    const of = (email: string) => entries.filter((entry) => (entry as unknown as { email: string }).email === email);
    expect(of('bob@example.org')).toMatchObject([
      { state: 'revoked', reason: ROTATED, origin: 'auto' },
      { state: 'valid', reason: null, origin: 'auto', expiresAt: null, lastFetchedAt: expect.any(String) },
    ]);
    expect(of('carol@example.org')).toMatchObject([
      { state: 'revoked', reason: ROTATED },
      { state: 'valid', origin: 'manual', expiresAt: '2040-01-01T00:00:00.000Z' },
    ]);
  });

  test('leaves what the committee approved as it was', async () => {
    const { items } = (await alice.ask('GET', '/v1/associations?mine=true&kind=container')).json();
    expect(items).toMatchObject([{ state: 'approved' }, { state: 'approved' }]);
    expect(items[0]).toMatchObject({ content: { imageDigest: newContainer('model').imageDigest } });
  });

  test('stands in the audit log, with every grant that ended and every one that began', async () => {
    const entries = (await listAuditEntries(platform.db, {}, 0, 10_000)).slice(-7);
    expect(entries.map(({ action }) => action).sort()).toEqual([
      'container.rotated',
      ...Array.from({ length: 3 }, () => 'grant.created'),
      ...Array.from({ length: 3 }, () => 'grant.revoked'),
    ]);
    expect(entries.find(({ action }) => action === 'container.rotated')).toMatchObject({
      account: 'alice',
      subject: 'container/alice/model',
      before: { archive: FIRST },
      after: { archive: second.sha256, rewrapped: 3, ended: 0 },
    });
  });

  test('that comes again is answered as the first time, and changes nothing', async () => {
    const before = await state();
    const answer = await rotate({ from: FIRST, archive: second, grants: everyone(second.sha256), ended: [] });
    expect(answer.json()).toMatchObject({ archive: second });
    expect(await state()).toEqual(before);
  });
});

test('after a rotation a key of the earlier archive is not taken any more, one of the new archive is', async () => {
  await approved(platform, carol, 'dataset', 'carol-letters', 'letters');
  const late = await grant('letters', 'carol', FIRST);
  expect(late.json()).toMatchObject({ code: 'E_ARCHIVE_CHANGED', status: 409 });
  expect((await grant('letters', 'carol', second.sha256)).statusCode).toBe(201);
});

test('whoever the new key could not be wrapped for loses access, with the reason, and may be granted again', async () => {
  const third = archiveOf('third');
  const body = {
    from: second.sha256,
    archive: third,
    grants: [rewrapped('digits', 'bob', third.sha256), rewrapped('letters', 'bob', third.sha256)],
    ended: (['digits', 'letters'] as const).map((benchmark) => ({
      association: access[benchmark],
      fingerprint: certificates.carol.fingerprint,
      reason: 'The certificate is not certified.',
    })),
  };
  expect((await rotate(body)).statusCode).toBe(200);
  const refused = (await fetchAs(carol)).json();
  expect(refused).toMatchObject({ code: 'E_ACCESS_REVOKED', why: expect.stringContaining('not certified') });
  expect((await fetchAs(bob)).statusCode).toBe(200);
  expect((await grant('digits', 'carol', third.sha256, { origin: 'auto' })).statusCode).toBe(201);
});
