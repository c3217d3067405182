/** A job is erased with all that belongs to it, when it is over, and that is written down. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { parseSha256 } from '../../domain/ids.ts';
import { listAuditEntries } from '../../storage/audit-entries.ts';
import { insertBlob } from '../../storage/blobs.ts';
import { digestOf } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
beforeAll(async () => {
  platform = await startPlatform();
  alice = await person(platform, 'alice');
});
afterAll(() => platform.stop());

const JOB = '0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b';
const BATCH = parseSha256(digestOf('a batch'));
const about = (subject: string) => listAuditEntries(platform.db, { subject }, 0, 10);

test('a job is not deleted while it goes on; afterwards it is, with what is left of it, and the audit log tells', async () => {
  const { db } = platform;
  await sql`INSERT INTO jobs (id, account_id, function_id, function_name, checksum, nonce, answer_key, permit, items)
    VALUES (${JOB}, ${alice.account.id}, 'x', 'alice/f@1', ${digestOf('f')}, ${'A'.repeat(43)}, ${'A'.repeat(43)}, 'x', 2)`.execute(
    db,
  );
  await insertBlob(db, { sha256: BATCH, size: 9 }, alice.account.id);
  await sql`INSERT INTO job_batches VALUES (${JOB}, 0, ${BATCH}, 9, 0, 2)`.execute(db);
  await sql`INSERT INTO job_documents VALUES (${JOB}, ${digestOf('d')}, 'document')`.execute(db);
  await sql`INSERT INTO job_answers VALUES (${JOB}, 0, ${digestOf('d')}, 'answer', NULL)`.execute(db);
  const early = await alice.ask('DELETE', `/v1/jobs/${JOB}`);
  expect([early.statusCode, early.json()]).toMatchObject([409, { code: 'E_CONFLICT' }]);
  expect(await about(`job/${JOB}`)).toEqual([]);
  await sql`UPDATE jobs SET state = 'cancelled', ended_at = now()`.execute(db);
  expect((await alice.ask('DELETE', `/v1/jobs/${JOB}`)).statusCode).toBe(204);
  for (const table of ['jobs', 'job_batches', 'job_documents', 'job_answers', 'blobs']) {
    const { rows } = await sql`SELECT FROM ${sql.table(table)}`.execute(db);
    expect([table, rows.length]).toEqual([table, 0]);
  }
  expect(await about(`job/${JOB}`)).toMatchObject([
    { action: 'job.deleted', account: 'alice', before: { owner: 'alice', state: 'cancelled', items: 2 }, after: null },
  ]);
  expect((await alice.ask('DELETE', `/v1/jobs/${JOB}`)).statusCode).toBe(404);
});
