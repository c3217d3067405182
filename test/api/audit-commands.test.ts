/** An operator reads, exports and verifies the audit log on the command line, and keeps its signed head. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { openPartyHome } from '../../client/party-home.ts';
import { strongroom } from '../cli/support.ts';
import { createBenchmark, newContainer, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startWorkingPlatform, type WorkingPlatform } from './support/working-platform.ts';

let platform: WorkingPlatform;
let alice: Person;
let ann: Person;
let apiUrl: string;

beforeAll(async () => {
  platform = await startWorkingPlatform({ settings: { operators: ['olga'] } });
  apiUrl = await platform.app.listen({ port: 0, host: '127.0.0.1' });
  alice = await person(platform, 'alice');
  ann = await person(platform, 'ann');
  await logIn(await person(platform, 'olga'));
  await logIn(alice);
  await createBenchmark(platform, 'digits', [ann], { quorum: 1 });
});
afterAll(async () => {
  await platform.stop();
});

const homeOf = (handle: string) => join(platform.folder, `home-${handle}`);
const logIn = async ({ account: { handle, email }, token }: Person) =>
  (await openPartyHome(homeOf(handle))).saveSession({ apiUrl, handle, email, token });
const audit = async (handle: string, ...args: string[]) => {
  const { code, stdout } = await strongroom(['audit', ...args, '--home', homeOf(handle), '--json']);
  return { code, answer: JSON.parse(stdout) as Record<string, unknown> & { error?: { code: string; why: string } } };
};
/** As somebody would who has the database to himself. */
const tamper = async (statement: string) => {
  await sql`ALTER TABLE audit_entries DISABLE TRIGGER never_changed`.execute(platform.db);
  await sql.raw(statement).execute(platform.db);
  await sql`ALTER TABLE audit_entries ENABLE TRIGGER never_changed`.execute(platform.db);
};

test('a vote is written down with the token and the request by which it came, though a workflow wrote it', async () => {
  await alice.ask('POST', '/v1/containers', newContainer('model'));
  const evidence = { testResult: { accuracy: 1 }, testDatasetSha256: TEST_DATASET.sha256 };
  const asked = { kind: 'container', name: 'model', benchmark: 'digits', ...evidence };
  const { id } = (await alice.ask('POST', '/v1/associations', asked)).json();
  const voted = await ann.ask('POST', `/v1/associations/${id}/votes`, { ballot: 'approve', reason: 'Good.' });
  expect(voted.statusCode).toBe(201);
  const { answer } = await audit('olga', 'list', '--subject', `association/${id}`);
  expect(answer.items).toMatchObject([
    { action: 'association.requested', account: 'alice', requestId: expect.any(String) },
    {
      action: 'vote.cast',
      account: 'ann',
      token: expect.any(String),
      requestId: voted.headers['x-request-id'],
      after: { ballot: 'approve', reason: 'Good.' },
    },
    { action: 'association.decided', account: null, after: { state: 'approved' } },
  ]);
});

test('nobody but an operator reads the log', async () => {
  expect(await audit('alice', 'list')).toMatchObject({ code: 5, answer: { error: { code: 'E_NOT_ALLOWED' } } });
});

test('the log is whole, its head is kept, and an export can be verified without the platform', async () => {
  const file = join(platform.folder, 'audit.jsonl');
  expect(await audit('olga', 'verify')).toMatchObject({ code: 0, answer: { verified: true, heads: 1 } });
  expect(await audit('olga', 'verify')).toMatchObject({ code: 0, answer: { heads: 2 } });
  expect(await audit('olga', 'export', file)).toMatchObject({ code: 0 });
  expect(await audit('alice', 'verify', file, '--head', `${file}.head`)).toMatchObject({ code: 0 });
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  await writeFile(file, `${lines.map((line) => line.replace('"Good."', '"Bad."')).join('\n')}\n`);
  expect(await audit('alice', 'verify', file)).toMatchObject({ code: 3, answer: { error: { code: 'E_AUDIT_LOG' } } });
  await writeFile(file, `${lines.slice(0, -1).join('\n')}\n`);
  expect(await audit('alice', 'verify', file)).toMatchObject({ code: 0 });
  expect(await audit('alice', 'verify', file, '--head', `${file}.head`)).toMatchObject({ code: 3 });
});

test('an entry that was changed, and an end that was cut off, is found, with the head that was kept', async () => {
  await tamper(`UPDATE audit_entries SET content = replace(content, 'Good.', 'Bad.')`);
  expect((await audit('olga', 'verify')).answer.error?.why).toMatch(/^Entry \d+ is not what was written/);
  await tamper(`UPDATE audit_entries SET content = replace(content, 'Bad.', 'Good.')`);
  expect(await audit('olga', 'verify')).toMatchObject({ code: 0 });
  await tamper(`DELETE FROM audit_entries WHERE sequence = (SELECT max(sequence) FROM audit_entries)`);
  expect((await audit('olga', 'verify')).answer.error?.why).toMatch(/its end is missing/);
});
