import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { verifyArchive, openVerifiedArchive } from '../../crypto/archive-decryption.ts';
import { encryptArchive } from '../../crypto/archive-encryption.ts';
import { createModelKey, readModelKey, type ModelKey } from '../../crypto/model-key.ts';

const PLAINTEXT = randomBytes(300_000);

let folder: string, keyFile: string, key: ModelKey;
const file = (name: string) => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'strongroom-gpg-'));
  keyFile = file('model.key');
  key = await createModelKey(keyFile);
});

afterAll(async () => {
  key[Symbol.dispose]();
  execFileSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
  await rm(folder, { recursive: true, force: true });
});

const gpg = (...args: string[]) =>
  execFileSync('gpg', ['--homedir', folder, '--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], {
    maxBuffer: 16 * 2 ** 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

async function opened(archive: string): Promise<Buffer> {
  const verdict = await verifyArchive(archive, key);
  const chunks: Buffer[] = [];
  for await (const chunk of openVerifiedArchive(archive, key, verdict)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error as { code?: string }).code,
  );

describe('archives are as open as gpg (C7)', () => {
  test('what we encrypt opens with stock gpg and the same key file', async () => {
    const archive = file('ours.gpg');
    const sealed = await encryptArchive(Readable.from([PLAINTEXT]), key, archive);
    expect(sealed.plaintextSize).toBe(PLAINTEXT.length);
    expect(gpg('--passphrase-file', keyFile, '--decrypt', archive)).toEqual(PLAINTEXT);
  });

  test.each([
    ['gpg as it comes', []],
    ['no compression', ['-z', '0']],
    ['zlib', ['--compress-algo', 'zlib']],
  ])('what gpg encrypts opens with us: %s', async (name, flags) => {
    const archive = file(`${name.replaceAll(' ', '-')}.gpg`);
    await writeFile(file('plain'), PLAINTEXT);
    gpg('--passphrase-file', keyFile, ...flags, '--output', archive, '--symmetric', file('plain'));
    expect(await opened(archive)).toEqual(PLAINTEXT);
  });

  test('a flipped bit anywhere is noticed, and so are a missing end and bytes after the end', async () => {
    const archive = file('whole.gpg');
    await encryptArchive(Readable.from([PLAINTEXT.subarray(0, 5000)]), key, archive);
    const whole = await readFile(archive);
    const verdictOn = async (bytes: Buffer) => {
      await writeFile(file('damaged.gpg'), bytes);
      return codeOf(verifyArchive(file('damaged.gpg'), key));
    };
    for (let index = 0; index < whole.length; index += 37) {
      const damaged = Buffer.from(whole);
      damaged[index]! ^= 1 << (index % 8);
      expect(await verdictOn(damaged)).not.toBe('accepted');
    }
    expect(await verdictOn(whole.subarray(0, -1))).toBe('E_TRUNCATED');
    expect(await verdictOn(Buffer.concat([whole, Buffer.from([0])]))).toBe('E_TRAILING_DATA');
    expect(await verdictOn(whole)).toBe('accepted');
  });

  test('another key is told apart from damage', async () => {
    const archive = file('other.gpg');
    await encryptArchive(Readable.from([PLAINTEXT]), key, archive);
    await writeFile(file('other.key'), 'another key altogether\n', { mode: 0o600 });
    using other = await readModelKey(file('other.key'));
    expect(await codeOf(verifyArchive(archive, other))).toBe('E_WRONG_KEY');
  });

  test('an interrupted encryption leaves nothing', async () => {
    const before = await readdir(folder);
    const source = async function* () {
      yield PLAINTEXT;
      await Promise.resolve();
      throw new Error('the source broke');
    };
    await expect(encryptArchive(source(), key, file('never.gpg'))).rejects.toThrow('the source broke');
    expect(await readdir(folder)).toEqual(before);
  });
});
