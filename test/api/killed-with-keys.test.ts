/** Requests with a key whose process of the API is killed, slow, or cut off from the database. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDatabase, type Db } from '../../storage/database.ts';
import { until } from '../support/patience.ts';
import { person } from './support/people.ts';
import { SECRET, type TestPlatform } from './support/platform.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';

/** Longer than a process that says nothing counts as alive for that alone. */
const SILENT_MS = 15_000;
const SERVER = fileURLToPath(new URL('../../api/server.ts', import.meta.url));

let postgres: TestPostgres;
let folder: string;
let db: Db;
let token: string;
let first: Api;
let second: Api;

interface Api {
  readonly child: ChildProcess;
  readonly address: string;
}

async function startApi(): Promise<Api> {
  const child = spawn('node', [SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      STRONGROOM_DATA: folder,
      STRONGROOM_LOG_LEVEL: 'silent',
    },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, address: (JSON.parse(String(line)) as { listening: string }).listening };
}

beforeAll(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'strongroom-test-killed-'));
  await mkdir(join(folder, 'api'));
  await writeFile(join(folder, 'api', 'session-secret'), SECRET, { mode: 0o600 });
  first = await startApi();
  second = await startApi();
  db = openDatabase({ url: postgres.url, maxConnections: 4, onIdleError: () => undefined });
  ({ token } = await person({ db } as TestPlatform, 'alice'));
});
afterAll(async () => {
  for (const { child } of [first, second]) child.kill('SIGKILL');
  await db.destroy();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Answers the status and whether it is an earlier answer; `null` where the connection broke. */
async function post({ address }: Api, key: string): Promise<{ status: number; replayed: boolean } | null> {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key, 'content-type': 'application/json' };
  const answer = await fetch(`${address}/v1/certificates/challenges`, { method: 'POST', headers, body: '{}' }).catch(
    () => null,
  );
  return answer && { status: answer.status, replayed: answer.headers.has('idempotency-replayed') };
}

/** While `meanwhile` goes on nobody can write to `table`. */
async function lockedOut<T>(table: string, meanwhile: () => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`LOCK TABLE ${sql.table(table)} IN EXCLUSIVE MODE`.execute(trx);
    return meanwhile();
  });
}

const isAtWork = (key: string) =>
  until('the first request is at work', async () => {
    const { rows } = await sql`SELECT FROM idempotency_keys WHERE key = ${key} AND answer IS NULL`.execute(db);
    return rows.length === 1;
  });
const answeredBy = (api: Api, key: string) =>
  until('the repeat is answered', async () => (await post(api, key))?.status === 201);
const challenges = async () => (await db.selectFrom('certificateChallenges').select('challenge').execute()).length;
const BUSY = { status: 409, replayed: false };

test('a process that lost the connection of its lock takes it again', async () => {
  const locks = async () => {
    const { rows } = await sql<{ pid: number }>`SELECT pid FROM pg_locks
      WHERE locktype = 'advisory' AND classid = 7346 AND granted ORDER BY pid`.execute(db);
    return rows.map(({ pid }) => pid);
  };
  await until('both hold their locks', async () => (await locks()).length === 2);
  const before = await locks();
  await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strongroom-life'`.execute(
    db,
  );
  await until('both hold them anew', async () => {
    const now = await locks();
    return now.length === 2 && now.every((pid) => !before.includes(pid));
  });
});

test('a key that could not be given back when the database failed is given back later', async () => {
  await lockedOut('certificate_challenges', async () => {
    const asked = post(first, 'failed');
    await isAtWork('failed');
    await sql`ALTER TABLE idempotency_keys RENAME TO elsewhere`.execute(db);
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`.execute(db);
    expect(await asked).toEqual({ status: 503, replayed: false });
  });
  await sql`ALTER TABLE elsewhere RENAME TO idempotency_keys`.execute(db);
  await answeredBy(second, 'failed');
});

test('an answer that could not be kept at once is kept later, and a repeat gets it', async () => {
  const before = await challenges();
  const { asked } = await lockedOut('certificate_challenges', async () => {
    const asked = post(first, 'kept');
    await isAtWork('kept');
    await sql`ALTER TABLE idempotency_keys RENAME TO elsewhere`.execute(db);
    return { asked };
  });
  expect(await asked).toEqual({ status: 201, replayed: false });
  await sql`ALTER TABLE elsewhere RENAME TO idempotency_keys`.execute(db);
  await answeredBy(second, 'kept');
  expect(await post(second, 'kept')).toEqual({ status: 201, replayed: true });
  expect(await challenges()).toBe(before + 1);
});

test('a slow process keeps its key, also without its connections; once it is killed a repeat does the work', async () => {
  await lockedOut('certificate_challenges', async () => {
    const asked = post(first, 'slow');
    await isAtWork('slow');
    first.child.kill('SIGSTOP');
    await pause(SILENT_MS);
    expect(await post(second, 'slow')).toEqual(BUSY);
    first.child.kill('SIGCONT');
    await pause(3_000);
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strongroom-life'`.execute(
      db,
    );
    expect(await post(second, 'slow')).toEqual(BUSY);
    first.child.kill('SIGKILL');
    expect(await asked).toBeNull();
  });
  await answeredBy(second, 'slow');
});
