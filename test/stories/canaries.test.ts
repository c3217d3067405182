/** The search for leaked secrets finds them, in every form and place that the demo's test relies on. */
import { afterEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { CanarySearch } from '../support/canaries.ts';
import { watchProcesses } from '../support/process-watch.ts';
import { filesBelow } from './demo-places.ts';

const secret = createHash('sha256').update('a secret of this test').digest();
const search = new CanarySearch([{ name: 'the secret', bytes: secret, homes: ['/its/own/file'] }]);
const formsIn = (text: Buffer, place = 'somewhere') => search.tracesIn(text, place).map(({ form }) => form);

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

test.each([0, 1, 2, 3, 4])('a secret is found in base64 and base64url after %i other bytes', (before) => {
  const message = Buffer.concat([Buffer.alloc(before, 'x'), secret, Buffer.from('after it')]);
  expect(formsIn(Buffer.from(`{"data":"${message.toString('base64')}"}`))).toContain(`base64 at ${before % 3}`);
  expect(formsIn(Buffer.from(`?state=${message.toString('base64url')}`))).toContain(`base64url at ${before % 3}`);
});

test('a secret is found raw and in hexadecimal digits, at the beginning and at the end', () => {
  for (const [before, after] of [
    ['', 'after'],
    ['before', ''],
  ] as const) {
    const around = (text: Uint8Array) => Buffer.concat([Buffer.from(before), text, Buffer.from(after)]);
    expect(formsIn(around(secret))).toEqual(['raw']);
    expect(formsIn(around(Buffer.from(secret.toString('hex'))))).toEqual(['hex']);
    expect(formsIn(around(Buffer.from(secret.toString('hex').toUpperCase())))).toEqual(['hex in capitals']);
  }
});

test('a secret in its own file is no trace, and neither is another text', () => {
  expect(formsIn(secret, '/its/own/file')).toEqual([]);
  expect(formsIn(createHash('sha256').update('another').digest())).toEqual([]);
});

test('a secret in a file is found, however deep', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-canary-'));
  folders.push(folder);
  await writeFile(path.join(folder, 'notes'), `the key is ${secret.toString('hex')}`);
  const places = [];
  for await (const [place, content] of filesBelow(folder)) places.push(...search.tracesIn(content, place));
  expect(places).toEqual([{ canary: 'the secret', form: 'hex', place: path.join(folder, 'notes') }]);
});

test('a secret in a command line or an environment is found', async () => {
  const watch = watchProcesses();
  const text = secret.toString('base64url');
  const shells = (
    [
      [['3', text], {}],
      [['3'], { SECRET: text }],
    ] as const
  ).map(([args, env]) => spawn('sh', ['-c', 'sleep "$1"', 'sh', ...args], { env: { ...process.env, ...env } }));
  await Promise.all(shells.map((shell) => once(shell, 'close')));
  const found = [...(await watch.end())].flatMap(([place, content]) => search.tracesIn(content, place));
  const kinds = new Set(found.map(({ place }) => place.replace(/\/proc\/\d+\/(\w+).*/, '$1')));
  expect([...kinds].sort()).toEqual(['cmdline', 'environ']);
});
