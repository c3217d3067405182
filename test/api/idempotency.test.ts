/** B12: a POST with an Idempotency-Key does its work once, however often it comes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { newDataset } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

let platform: TestPlatform;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  platform = await startPlatform();
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
});
afterAll(() => platform.stop());

const post = ({ token }: Person, key: string, payload: object, url = '/v1/tokens') =>
  platform.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
  });
const tokensOf = async (owner: Person) => (await owner.ask('GET', '/v1/tokens')).json().items.length;

test('after a success the same key gets the same answer, and nothing is done again', async () => {
  const first = await post(alice, 'one', { name: 'laptop', scopes: ['read'] });
  expect(first.statusCode).toBe(201);
  const again = await post(alice, 'one', { name: 'laptop', scopes: ['read'] });
  expect([again.statusCode, again.body]).toEqual([201, first.body]);
  expect(again.headers['content-type']).toBe(first.headers['content-type']);
  expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
  expect(await tokensOf(alice)).toBe(1);
});

test('a refusal is repeated as well', async () => {
  await alice.ask('POST', '/v1/datasets', newDataset('wards'));
  const other = { ...newDataset('wards'), size: 1 };
  const first = await post(alice, 'two', other, '/v1/datasets');
  expect(first.statusCode).toBe(409);
  expect((await post(alice, 'two', other, '/v1/datasets')).body).toBe(first.body);
});

test('another body, or another address, with the same key is refused with 422', async () => {
  const other = await post(alice, 'one', { name: 'desktop', scopes: ['read'] });
  expect(other.json()).toMatchObject({ status: 422, code: 'E_IDEMPOTENCY_KEY_REUSED' });
  expect((await post(alice, 'one', { name: 'laptop', scopes: ['read'] }, '/v1/datasets')).statusCode).toBe(400);
  expect((await post(alice, 'one', newDataset('more'), '/v1/datasets')).statusCode).toBe(422);
});

test('of twenty at the same moment one does the work; the others hear 409 with the time to wait, or its answer', async () => {
  const before = await tokensOf(alice);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post(alice, 'three', { name: 'rush', scopes: ['read'] })),
  );
  expect(await tokensOf(alice)).toBe(before + 1);
  const busy = answers.filter((answer) => answer.statusCode === 409);
  for (const answer of busy) {
    expect(answer.json()).toMatchObject({ code: 'E_IDEMPOTENCY_KEY_BUSY', retryable: true });
    expect(answer.headers['retry-after']).toBeDefined();
  }
  const done = answers.filter((answer) => answer.statusCode === 201);
  expect(done.length + busy.length).toBe(20);
  expect(new Set(done.map((answer) => answer.body)).size).toBe(1);
});

test('a request that is at work is not begun a second time', async () => {
  await post(bob, 'slow', { name: 'slow', scopes: ['read'] });
  await sql`UPDATE idempotency_keys SET answer = NULL WHERE key = 'slow'`.execute(platform.db);
  // However long ago it began: its process lives.
  await sql`UPDATE idempotency_keys SET begun_at = now() - interval '23 hours' WHERE key = 'slow'`.execute(platform.db);
  expect((await post(bob, 'slow', { name: 'slow', scopes: ['read'] })).statusCode).toBe(409);
});

test('keys of two accounts have nothing to do with each other', async () => {
  const before = await tokensOf(bob);
  const other = await post(bob, 'one', { name: 'elsewhere', scopes: ['read'] });
  expect(other.statusCode).toBe(201);
  expect(other.headers['idempotency-replayed']).toBeUndefined();
  expect(await tokensOf(bob)).toBe(before + 1);
});

test('a failure of the platform is not kept: the same key may be tried again', async () => {
  const broken = () => post(alice, 'four', {}, '/v1/certificates/challenges');
  await sql`ALTER TABLE certificate_challenges RENAME TO elsewhere`.execute(platform.db);
  const failed = await broken().finally(() =>
    sql`ALTER TABLE elsewhere RENAME TO certificate_challenges`.execute(platform.db),
  );
  expect(failed.statusCode).toBe(500);
  expect((await broken()).statusCode).toBe(201);
});

test('an answer is kept for 24 hours', async () => {
  await post(alice, 'five', { name: 'day', scopes: ['read'] });
  await sql`UPDATE idempotency_keys SET begun_at = now() - interval '25 hours' WHERE key = 'five'`.execute(platform.db);
  expect((await post(alice, 'five', { name: 'another', scopes: ['read'] })).statusCode).toBe(201);
});

test('a new token is nowhere in the database, also not in the answer that is kept', async () => {
  const { token } = (await post(alice, 'six', { name: 'secret', scopes: ['read'] })).json<{ token: string }>();
  const { rows } = await sql<{ text: string }>`SELECT encode(answer, 'escape') AS text FROM idempotency_keys
    WHERE answer IS NOT NULL`.execute(platform.db);
  expect(rows.length).toBeGreaterThan(0);
  for (const { text } of rows) expect(text).not.toContain(token.slice(-12));
});

test.each(['', 'with a space', 'x'.repeat(256)])('the key %j is refused', async (key) => {
  expect((await post(alice, key, { name: 'laptop', scopes: ['read'] })).json()).toMatchObject({
    status: 400,
    code: 'E_INVALID_REQUEST',
  });
});
