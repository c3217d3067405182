import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type ApiProcessOptions } from '../../api/process.ts';
import { streamEvents } from '../../client/event-stream.ts';
import { createPlatformClient } from '../../client/platform.ts';
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
    mail: { from: 'strongroom@example.org', smtpUrl: null },
    logLevel: 'silent',
    settings: {
      publicUrl: 'http://127.0.0.1:8080',
      authenticationSecret: SECRET,
      maxUploadBytes: 1_000_000,
      quotaBytes: 1_000_000,
      signUpsPerMinute: 1000,
      logInsPerMinute: 1000,
      trustProxy: false,
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
  const { id } = await atFirst.createToken({ body: { name: 'laptop' } });
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
