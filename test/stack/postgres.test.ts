import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openPostgres } from '../../stack/postgres.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-test-stack-postgres-'));
  await chmod(folder, 0o711);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function startPostgres(data: string) {
  const cluster = await openPostgres(data);
  const server = await cluster.start();
  return { url: cluster.url, pid: server.pid, ended: server.ended, stop: () => server.stop() };
}

async function ask(url: string, question: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(question)).rows as unknown[];
  } finally {
    await client.end();
  }
}

test('the same folder goes on with its data, after a stop and after a kill', async () => {
  const data = path.join(folder, 'postgres');
  const first = await startPostgres(data);
  await ask(first.url, 'create table kept (word text)');
  await ask(first.url, "insert into kept values ('before')");
  await first.stop();

  const second = await startPostgres(data);
  await ask(second.url, "insert into kept values ('after')");
  process.kill(second.pid, 'SIGKILL');
  await second.ended;

  const third = await startPostgres(data);
  expect(await ask(third.url, 'select word from kept order by word')).toEqual([{ word: 'after' }, { word: 'before' }]);
  await third.stop();
});

test('the password is random, in a file for its owner only, and needed', async () => {
  const server = await startPostgres(path.join(folder, 'postgres'));
  try {
    const file = path.join(folder, 'postgres', 'passfile');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/:[0-9a-f]{48}\n$/);
    const url = new URL(server.url);
    url.password = 'guessed';
    await expect(ask(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  } finally {
    await server.stop();
  }
});

test('a folder that is no cluster any more is refused, and nothing keeps running', async () => {
  const data = path.join(folder, 'postgres');
  const server = await startPostgres(data);
  await server.stop();
  await writeFile(path.join(data, 'cluster', 'PG_VERSION'), '9\n');
  await expect(startPostgres(data)).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot("as root, a folder that the database's own user cannot enter is refused by name", async () => {
  await chmod(folder, 0o700);
  await expect(startPostgres(path.join(folder, 'postgres'))).rejects.toMatchObject({
    code: 'E_CONFIG',
    message: expect.stringContaining(folder),
  });
});
