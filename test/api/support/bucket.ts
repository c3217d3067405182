/** A bucket of a server that speaks S3, in memory: gofakes3, built with Go once. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../../stack/free-port.ts';

const MODULE = 'github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0';
const TOOLS = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'strongroom', 'test-tools');

export interface TestBucket {
  /** As `STRONGROOM_S3_URL` takes it. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startBucket(): Promise<TestBucket> {
  const program = path.join(TOOLS, 'gofakes3');
  await access(program).catch(() => build());
  const port = await freePort();
  const args = ['-backend', 'memory', '-host', `127.0.0.1:${port}`, '-initialbucket', 'strongroom', '-quiet'];
  const server = spawn(program, args, { stdio: 'ignore' });
  const ended = once(server, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  while (!(await answers(origin))) {
    if (server.exitCode !== null) throw new Error(`gofakes3 exited with ${server.exitCode}.`);
    await sleep(50);
  }
  return {
    url: `${origin}/strongroom`,
    stop: async () => {
      server.kill();
      await ended;
    },
  };
}

const answers = (origin: string) =>
  fetch(origin).then(
    () => true,
    () => false,
  );

async function build(): Promise<void> {
  await mkdir(TOOLS, { recursive: true });
  await promisify(execFile)('go', ['install', MODULE], { env: { ...process.env, GOBIN: TOOLS } }).catch(
    (error: unknown) => {
      throw new Error('The tests of buckets need Go, once, to build gofakes3.', { cause: error });
    },
  );
}
