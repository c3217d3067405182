import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild } from '../../stack/child-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-test-child-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const startNode = (script: string, env: Record<string, string> = {}) =>
  startChild(process.execPath, { args: ['--eval', script], logFile: path.join(folder, 'logs', 'child.log'), env });

test('a child writes to a log that only its owner can read, and knows what it was given', async () => {
  const child = await startNode('console.log(process.env.GREETING)', { GREETING: 'hello' });
  await child.ended;
  expect(child.exited()).toBe(true);
  expect(await readFile(child.logFile, 'utf8')).toBe('hello\n');
  expect((await stat(child.logFile)).mode & 0o777).toBe(0o600);
});

test('a stopped child may finish first, and stop only returns when it is gone', async () => {
  const child = await startNode(
    `process.on('SIGTERM', () => setTimeout(() => { console.log('finished'); process.exit(0); }, 200));
     console.log('ready'); setInterval(() => {}, 1000);`,
  );
  while (!(await readFile(child.logFile, 'utf8')).includes('ready')) await pause(20);
  await child.stop();
  expect(await readFile(child.logFile, 'utf8')).toContain('finished');
  expect(() => process.kill(child.pid, 0)).toThrow('ESRCH');
});

test('a program that is not there fails at the start', async () => {
  const options = { args: [], logFile: path.join(folder, 'child.log') };
  await expect(startChild('/nowhere/at-all', options)).rejects.toThrow('ENOENT');
});
