import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { toProcessOptions } from '../../api/process-options.ts';
import { startApi, type ApiProcessOptions } from '../../api/process.ts';
import { streamEvents } from '../../client/event-stream.ts';
import { createPlatformClient } from '../../client/platform.ts';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { openDatabase } from '../../storage/database.ts';
import { recordEvents } from '../../storage/events.ts';
import { person } from './support/people.ts';
import { SECRET, type TestPlatform } from './support/platform.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';

let postgres: TestPostgres;
let dataFolder: string;
let options: ApiProcessOptions;

beforeAll(async () => {
  postgres = await startPostgres();
  dataFolder = await mkdtemp(join(tmpdir(), 'strongroom-test-process-'));
  options = {
    host: '127.0.0.1',
    port: 0,
    databaseUrl: postgres.url,
    databaseConnections: 5,
    temporal: { address: '127.0.0.1:1', namespace: 'default' },
    dataFolder,
    s3Url: null,
    mail: { from: 'strongroom@example.org', smtpUrl: null },
    logLevel: 'silent',
    metrics: null,
    traceCollector: null,
    settings: {
      publicUrl: null,
      authenticationSecret: SECRET,
      maxUploadBytes: 1_000_000,
      quotaBytes: 1_000_000,
      signUpsPerMinute: 1000,
      logInsPerMinute: 1000,
      strangersPerMinute: 10_000,
      accountPerMinute: 10_000,
      tokenPerMinute: 10_000,
      trustProxy: false,
      allowPrivateWebhooks: false,
      operators: ['oscar', 'opal'],
      logIn: { provider: null, passwords: 'open' },
      temporalUiUrl: null,
      payloadCodec: null,
    },
  };
});
afterAll(async () => {
  await postgres.stop();
  await rm(dataFolder, { recursive: true, force: true });
});

test('the API starts on an empty database, and stops with its open streams ended and its last answers given', async () => {
  const api = await startApi(options);
  const db = openDatabase({ url: postgres.url, maxConnections: 2, onIdleError: () => undefined });
  const { token } = await person({ db } as TestPlatform, 'alice');
  await db.destroy();
  const client = createPlatformClient({ baseUrl: api.address, token });
  const stream = streamEvents(client, { after: null, signal: new AbortController().signal });
  const ending = stream.next();
  const answering = Promise.all(Array.from({ length: 20 }, () => client.readAccount()));
  await client.readAccount();
  await api.stop();
  expect(await ending).toEqual({ done: true, value: undefined });
  for (const account of await answering) expect(account.handle).toBe('alice');
  await expect(client.readAccount()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
});

test('two API processes on one database serve the same accounts, and tell of the same events', async () => {
  const [first, second] = await Promise.all([startApi(options), startApi(options)]);
  const db = openDatabase({ url: postgres.url, maxConnections: 2, onIdleError: () => undefined });
  const bob = await person({ db } as TestPlatform, 'bob');
  const atFirst = createPlatformClient({ baseUrl: first.address, token: bob.token });
  const atSecond = createPlatformClient({ baseUrl: second.address, token: bob.token });
  const stream = streamEvents(atSecond, { after: '0', signal: new AbortController().signal });
  const heard = stream.next();
  const { id } = await atFirst.createToken({ body: { name: 'laptop', scopes: ['read'] } });
  expect((await atSecond.listTokens()).items).toMatchObject([{ id }]);
  await db.transaction().execute((trx) => recordEvents(trx, [{ audience: bob.account.id, type: 'access.closed' }]));
  expect(await heard).toMatchObject({ value: { type: 'access.closed' } });
  await stream.return(undefined);
  await db.destroy();
  await Promise.all([first.stop(), second.stop()]);
});

test('without a database the API does not start', async () => {
  const nowhere = { ...options, databaseUrl: 'postgres://strongroom@127.0.0.1:1/strongroom' };
  await expect(startApi(nowhere)).rejects.toThrow(/ECONNREFUSED/);
});

describe('the process', () => {
  const server = fileURLToPath(new URL('../../api/server.ts', import.meta.url));
  const start = (changes: Record<string, string> = {}) => {
    const child = spawn('node', [server], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: postgres.url,
        TEMPORAL_ADDRESS: '127.0.0.1:1',
        STRONGROOM_DATA: dataFolder,
        STRONGROOM_LOG_LEVEL: 'silent',
        ...changes,
      },
    });
    children.push(child);
    return child;
  };
  const exitOf = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve));
  const textOf = (stream: Readable | null) =>
    new Promise<string>((resolve) => stream?.once('data', (data) => resolve(String(data))));

  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  test('says where it listens, keeps its secret to itself, and ends with 0 on SIGTERM', async () => {
    const child = start();
    const { listening } = JSON.parse(await textOf(child.stdout)) as { listening: string };
    expect((await fetch(`${listening}/livez`)).status).toBe(200);
    const secret = await stat(join(dataFolder, 'api', 'session-secret'));
    expect(secret.mode & 0o777).toBe(0o600);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
  });

  test('that is not told where its database is ends with 1 and says what to set', async () => {
    const child = start({ DATABASE_URL: '' });
    const [complaint, code] = await Promise.all([textOf(child.stderr), exitOf(child)]);
    expect([code, complaint]).toEqual([1, expect.stringContaining('Set DATABASE_URL')]);
  });

  test('has one secret, also when two start together', async () => {
    const folder = join(dataFolder, 'shared');
    const secrets = await Promise.all(
      [1, 2, 3].map(() =>
        toProcessOptions(
          readPlatformConfiguration({
            DATABASE_URL: 'postgres://x',
            TEMPORAL_ADDRESS: 'x',
            STRONGROOM_DATA: folder,
          }),
        ),
      ),
    );
    expect(new Set(secrets.map((options) => options.settings.authenticationSecret)).size).toBe(1);
    expect(secrets[0]!.settings.authenticationSecret.length).toBeGreaterThanOrEqual(32);
    expect(await readdir(join(folder, 'api'))).toEqual(['session-secret']);
  });
});
