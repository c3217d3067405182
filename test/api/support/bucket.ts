/** A bucket of a server that speaks S3, in memory: gofakes3, built with Go once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildWithGo, firstUsable } from '../../../stack/built-programs.ts';
import { cacheFolder } from '../../../stack/cache-folder.ts';
import { freePort } from '../../../stack/free-port.ts';

const SOURCE = 'github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0';
const PROGRAM = path.join(cacheFolder(), 'test-tools', 'gofakes3');

export interface TestBucket {
  /** As `STRONGROOM_S3_URL` takes it. */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startBucket(): Promise<TestBucket> {
  if ((await firstUsable([PROGRAM])) === null) await build();
  const port = await freePort();
  const args = ['-backend', 'memory', '-host', `127.0.0.1:${port}`, '-initialbucket', 'strongroom', '-quiet'];
  const server = spawn(PROGRAM, args, { stdio: 'ignore' });
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
  await mkdir(path.dirname(PROGRAM), { recursive: true });
  await buildWithGo({ [SOURCE]: PROGRAM }).catch((error: unknown) => {
    throw new Error('The tests of buckets need Go, once, to build gofakes3.', { cause: error });
  });
}
