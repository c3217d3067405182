/** A rotation that meets grants, revocations and fetches happens as if it came before or after each (quality.md B4, B7). */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { AssociationId } from '../../domain/ids.ts';
import type { Certificate } from '../../storage/certificates.ts';
import { approved, createBenchmark, digestOf, newContainer } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import type { Reply } from './support/reply.ts';

const ROUNDS = 12;

let platform: TestPlatform;
let alice: Person;
let bob: Person;
let carol: Person;
let certificates: Readonly<Record<'bob' | 'carol', Certificate>>;
let access: AssociationId;
/** Digest of the archive that the container has. */
let current = newContainer('model').archive.sha256;
let rotations = 0;

beforeAll(async () => {
  platform = await startPlatform();
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  carol = await person(platform, 'carol');
  await createBenchmark(platform, 'digits', committee);
  access = await approved(platform, alice, 'container', 'model', 'digits');
  for (const who of [bob, carol]) await approved(platform, who, 'dataset', `${who.account.handle}-wards`, 'digits');
  await certificateFor(platform, alice);
  certificates = { bob: await certificateFor(platform, bob), carol: await certificateFor(platform, carol) };
});
afterAll(() => platform.stop());

type Name = 'bob' | 'carol';
/** What a wrapped key says in these tests: the archive that it opens. */
const wrapped = (who: Name, archive: string) => ({ fingerprint: certificates[who].fingerprint, message: archive });
const grant = (who: Name, archive = current) =>
  alice.ask('POST', `/v1/associations/${access}/grants`, {
    archive,
    grants: [{ ...wrapped(who, archive), origin: 'manual', expiresAt: null }],
  });
const revoke = (who: Name) =>
  alice.ask('POST', `/v1/associations/${access}/grants/revocation`, { email: `${who}@example.org`, reason: 'left' });
const fetchAs = (who: Person) => who.ask('GET', '/v1/containers/alice/model/grant?benchmark=digits');

/** Rotates to a new archive, for those who are named. */
async function rotate(names: readonly Name[]): Promise<Reply> {
  const from = current;
  const archive = { ...newContainer('model').archive, sha256: digestOf(`rotation ${(rotations += 1)}`) };
  const answer = await alice.ask('POST', '/v1/containers/alice/model/rotation', {
    from,
    archive,
    grants: names.map((who) => ({ association: access, ...wrapped(who, archive.sha256) })),
    ended: [],
  });
  if (answer.statusCode === 200) current = archive.sha256;
  return answer;
}

const validFor = async (who: Name) =>
  platform.db
    .selectFrom('grants')
    .select('message')
    .where('fingerprint', '=', certificates[who].fingerprint)
    .where('state', '=', 'valid')
    .execute();
const noFailures = (answers: readonly Reply[]) => {
  expect(answers.filter((answer) => answer.statusCode >= 500).map((answer) => answer.body)).toEqual([]);
};
const jittered = async <T>(ask: () => Promise<T>): Promise<T> => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
  return ask();
};

beforeEach(async () => {
  await grant('bob');
  await revoke('carol');
});

test('whoever fetches gets key and archive of one and the same rotation', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const fetches = Array.from({ length: 20 }, () => jittered(() => fetchAs(bob)));
    const [rotation, ...answers] = await Promise.all([jittered(() => rotate(['bob'])), ...fetches]);
    expect(rotation.statusCode).toBe(200);
    noFailures(answers);
    for (const answer of answers) {
      const { message, archive } = JSON.parse(answer.body) as { message: string; archive: { sha256: string } };
      expect({ status: answer.statusCode, message }).toEqual({ status: 200, message: archive.sha256 });
    }
  }
});

test('a grant that meets a rotation opens the archive that is there afterwards, or is refused', async () => {
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    // Both begin from the archive of now: a grant that only begins after the rotation would rightly be given.
    const before = current;
    const [rotation, granted] = await Promise.all([
      jittered(() => rotate(['bob'])),
      jittered(() => grant('carol', before)),
    ]);
    noFailures([rotation, granted]);
    seen.add(`${rotation.statusCode} ${granted.statusCode}`);
    if (rotation.statusCode !== 200) expect(rotation.json().code).toBe('E_ACCESS_CHANGED');
    if (granted.statusCode !== 201) expect(granted.json().code).toBe('E_ARCHIVE_CHANGED');
    expect(await validFor('bob')).toEqual([{ message: current }]);
    expect(await validFor('carol')).toEqual(granted.statusCode === 201 ? [{ message: current }] : []);
    await revoke('carol');
  }
  // One of both, never both and never none.
  expect([...seen].filter((outcome) => outcome !== '200 409' && outcome !== '409 201')).toEqual([]);
});

test('whoever is revoked while the key is rotated does not get the new key', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await grant('carol');
    const [rotation, revoked] = await Promise.all([
      jittered(() => rotate(['bob', 'carol'])),
      jittered(() => revoke('carol')),
    ]);
    noFailures([rotation, revoked]);
    expect(revoked.json()).toEqual({ revoked: 1 });
    expect(await validFor('carol')).toEqual([]);
    expect((await fetchAs(carol)).json().code).toBe('E_ACCESS_REVOKED');
    expect(await validFor('bob')).toEqual([{ message: current }]);
  }
});

test('a certificate that is revoked while the key is rotated ends without a key, and nobody waits in a circle', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await grant('carol');
    const { fingerprint } = certificates.carol;
    const answers = await Promise.all([
      jittered(() => rotate(['bob', 'carol'])),
      jittered(() => carol.ask('POST', `/v1/certificates/${fingerprint}/revocation`, { reason: 'lost' })),
    ]);
    noFailures(answers);
    expect(await validFor('carol')).toEqual([]);
    certificates = { ...certificates, carol: await certificateFor(platform, carol) };
  }
});

test('of rotations at the same moment one wins, and the others are refused', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) => {
      const archive = { ...newContainer('model').archive, sha256: digestOf(`rival ${index}`) };
      const body = { from: current, archive, grants: [{ association: access, ...wrapped('bob', archive.sha256) }] };
      return alice.ask('POST', '/v1/containers/alice/model/rotation', { ...body, ended: [] });
    }),
  );
  noFailures(answers);
  const won = answers.filter((answer) => answer.statusCode === 200);
  expect(won).toHaveLength(1);
  expect(new Set(answers.map((answer) => answer.json().code))).toEqual(new Set([undefined, 'E_ARCHIVE_CHANGED']));
  current = (JSON.parse(won[0]!.body) as { archive: { sha256: typeof current } }).archive.sha256;
  expect(await validFor('bob')).toEqual([{ message: current }]);
});
