/** Archives beside other implementations of OpenPGP, both ways: Sequoia's sqop, and openpgp.js for authenticated data. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMessage, decrypt, encrypt, enums, readMessage } from 'openpgp';
import { decryptArchiveToFile } from '../../crypto/archive-decryption.ts';
import { encryptArchive } from '../../crypto/archive-encryption.ts';
import { createModelKey, readModelKey } from '../../crypto/model-key.ts';
import type { ModelKey } from '../../crypto/model-key.ts';
import { FORMATS } from './support/sample.ts';

/** More than two parts, and no whole number of them. */
const CONTENT = randomBytes(300_001);
let folder: string, key: ModelKey;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-interop-'));
  key = await createModelKey(at('key'));
});
afterAll(async () => {
  key[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

async function openedByUs(archive: Uint8Array, by: ModelKey = key): Promise<Buffer> {
  await writeFile(at('theirs.gpg'), archive);
  await decryptArchiveToFile(at('theirs.gpg'), by, at('opened'), { overwrite: 'replace' });
  return readFile(at('opened'));
}

async function sealedByUs(format: (typeof FORMATS)[number]): Promise<Buffer> {
  await encryptArchive(Readable.from([CONTENT]), key, at('ours.gpg'), { format, overwrite: 'replace' });
  return readFile(at('ours.gpg'));
}

const sqop = (command: string, input: Buffer, ...flags: string[]) =>
  spawnSync('sqop', [command, ...flags, '--with-password', at('key')], { input, maxBuffer: 2 ** 24 });

describe('sqop (C7)', () => {
  test('opens what we encrypt', async () => {
    const { stdout, status } = sqop('decrypt', await sealedByUs('openpgp-cfb'));
    expect(status).toBe(0);
    expect(stdout.equals(CONTENT)).toBe(true);
  });

  test('encrypts what we open', async () => {
    const { stdout } = sqop('encrypt', CONTENT, '--no-armor');
    expect((await openedByUs(stdout)).equals(CONTENT)).toBe(true);
  });
});

describe('openpgp.js (C7)', () => {
  const passphrase = () => key.expose().toString('latin1');

  test.each(FORMATS)('opens what we encrypt: %s', async (format) => {
    const message = await readMessage({ binaryMessage: await sealedByUs(format) });
    const { data } = await decrypt({ message, passwords: passphrase(), format: 'binary' });
    expect(Buffer.from(data as Uint8Array).equals(CONTENT)).toBe(true);
  });

  const { aead, compression } = enums;
  test.each([
    ['modification detection code', { aeadProtect: false }],
    ['OCB', { aeadProtect: true, preferredAEADAlgorithm: aead.ocb }],
    ['GCM, the largest chunks', { aeadProtect: true, preferredAEADAlgorithm: aead.gcm, aeadChunkSizeByte: 16 }],
    ['OCB, the smallest chunks', { aeadProtect: true, preferredAEADAlgorithm: aead.ocb, aeadChunkSizeByte: 0 }],
    ['OCB, compressed', { aeadProtect: true, preferredCompressionAlgorithm: compression.zlib }],
  ])('encrypts what we open: %s', async (_what, config) => {
    const message = await createMessage({ binary: CONTENT });
    const options = { message, passwords: passphrase(), format: 'binary' as const, config };
    const archive = (await encrypt(options)) as Uint8Array;
    expect((await openedByUs(archive)).equals(CONTENT)).toBe(true);
  });
});

test('a binary key file counts up to its first newline, for gpg and for us, and that is said', async () => {
  const secret = Buffer.concat([randomBytes(20).map((byte) => byte | 0x80), Buffer.from('\n'), randomBytes(11)]);
  await writeFile(at('secret.bin'), secret, { mode: 0o600 });
  const args = ['--homedir', folder, '--batch', '--quiet', '--pinentry-mode', 'loopback'];
  const archive = execFileSync('gpg', [...args, '--symmetric', '--passphrase-file', at('secret.bin')], {
    input: CONTENT,
    maxBuffer: 2 ** 24,
  });
  execFileSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
  using cut = await readModelKey(at('secret.bin'));
  expect(cut.warnings.map(({ kind }) => kind)).toEqual(['cut-at-newline']);
  expect((await openedByUs(archive, cut)).equals(CONTENT)).toBe(true);
});
