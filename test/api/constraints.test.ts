/** States that make no sense cannot be written, whatever the code above the database does. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { sql } from 'kysely';
import type { AssociationId } from '../../domain/ids.ts';
import { migrateToLatest } from '../../storage/migrate.ts';
import { approved, createBenchmark, digestOf } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
let bob: Person;
let access: AssociationId;
let dataset: AssociationId;
let values: Record<string, string>;

beforeAll(async () => {
  platform = await startPlatform();
  const committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  await createBenchmark(platform, 'digits', committee);
  access = await approved(platform, alice, 'container', 'model', 'digits');
  dataset = await approved(platform, bob, 'dataset', 'wards', 'digits');
  const signer = await certificateFor(platform, alice);
  const certificate = await certificateFor(platform, bob);
  await alice.ask('POST', `/v1/associations/${access}/grants`, {
    archive: digestOf('model'),
    grants: [{ fingerprint: certificate.fingerprint, message: 'wrapped', origin: 'manual', expiresAt: null }],
  });
  values = {
    ann: committee[0]!.account.id,
    alice: alice.account.id,
    bob: bob.account.id,
    access,
    dataset,
    print: certificate.fingerprint,
    signer: signer.fingerprint,
  };
});
afterAll(() => platform.stop());

const GRANT = `INSERT INTO grants (association_id, fingerprint, signer, origin, message, state, revoked_at, reason)`;

test.each([
  [
    'a second valid grant for a certificate',
    `${GRANT} VALUES (:access, :print, :signer, 'auto', 'x', 'valid', NULL, NULL)`,
  ],
  ['a valid grant without a key', `${GRANT} VALUES (:access, :signer, :signer, 'auto', NULL, 'valid', NULL, NULL)`],
  [
    'a revoked grant that keeps its key',
    `${GRANT} VALUES (:access, :print, :signer, 'auto', 'x', 'revoked', now(), 'x')`,
  ],
  [
    'a revoked grant without a reason',
    `${GRANT} VALUES (:access, :print, :signer, 'auto', NULL, 'revoked', now(), NULL)`,
  ],
  ['a grant of a dataset', `${GRANT} VALUES (:dataset, :print, :signer, 'auto', 'x', 'valid', NULL, NULL)`],
  [
    'a grant to no certificate',
    `${GRANT} VALUES (:access, '${'0'.repeat(40)}', :signer, 'auto', 'x', 'valid', NULL, NULL)`,
  ],
  ['a key put back into a grant that ended', `UPDATE grants SET state = 'expired'`],
  [
    'a vote of someone who is not on the committee',
    `INSERT INTO votes (association_id, benchmark, member_id, ballot, reason) VALUES (:access, 'digits', :alice, 'approve', '')`,
  ],
  [
    'a second vote of a member',
    `INSERT INTO votes (association_id, benchmark, member_id, ballot, reason) VALUES (:access, 'digits', :ann, 'approve', ''), (:access, 'digits', :ann, 'reject', '')`,
  ],
  [
    'a second open association of a container',
    `INSERT INTO associations (kind, container_id, benchmark, owner_id, deadline, test_result, test_dataset_sha256, content) SELECT kind, container_id, benchmark, owner_id, deadline, test_result, test_dataset_sha256, content FROM associations WHERE id = :access`,
  ],
  ['a state that nobody knows', `UPDATE associations SET state = 'perhaps' WHERE id = :access`],
  ['an approval without a time', `UPDATE associations SET decided_at = NULL WHERE id = :access`],
  ['a closed association without a time', `UPDATE associations SET state = 'closed' WHERE id = :access`],
  ['a decision without a reason', `UPDATE associations SET reason = NULL WHERE id = :access`],
  ['a container without its test', `UPDATE associations SET test_result = NULL WHERE id = :access`],
  ['a deadline before the request', `UPDATE associations SET deadline = requested_at WHERE id = :access`],
  ['a quorum of nobody', `UPDATE benchmarks SET quorum = 0`],
  ['a quorum larger than the committee', `UPDATE benchmarks SET quorum = 4`],
  ['a committee smaller than its quorum', `DELETE FROM benchmark_members WHERE position > 0`],
  [
    'a second valid certificate of an account',
    `INSERT INTO certificates (fingerprint, account_id, email, certificate, expires_at) VALUES ('${'A'.repeat(40)}', :bob, 'bob@example.org', 'x', now() + interval '1 day')`,
  ],
  ['a revoked certificate without a time', `UPDATE certificates SET state = 'revoked' WHERE fingerprint = :print`],
  ['an address in capitals', `UPDATE accounts SET email = 'Bob@example.org' WHERE id = :bob`],
  ['two accounts with one handle', `UPDATE accounts SET handle = 'alice' WHERE id = :bob`],
  [
    'a second authority',
    `INSERT INTO authority (only_one, fingerprint, certificate) VALUES (true, '${'B'.repeat(40)}', 'x'), (false, '${'C'.repeat(40)}', 'x')`,
  ],
  ['a blob whose name is not a digest', `INSERT INTO blobs (sha256, size, uploaded_by) VALUES ('../x', 1, :bob)`],
])('the database refuses %s', async (_what, statement) => {
  const filled = statement.replace(/:(\w+)/g, (_match, name: string) => `'${values[name] ?? ''}'`);
  const before = await counts();
  await expect(sql.raw(filled).execute(platform.db)).rejects.toMatchObject({ code: expect.stringMatching(/^23/) });
  expect(await counts()).toEqual(before);
});

async function counts(): Promise<unknown> {
  const { rows } = await sql`SELECT (SELECT count(*) FROM grants) AS grants, (SELECT count(*) FROM votes) AS votes,
    (SELECT count(*) FROM benchmark_members) AS members`.execute(platform.db);
  return rows;
}

test('the migrations run once, also when several processes start at the same moment', async () => {
  await Promise.all([1, 2, 3].map(() => migrateToLatest(platform.db)));
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(platform.db);
  const folder = new URL('../../storage/migrations/', import.meta.url);
  expect(rows.map(({ name }) => `${name}.ts`)).toEqual(readdirSync(folder).sort());
});
