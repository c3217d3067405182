/** Damaged and hostile archives: each is refused, by a code that says what is wrong with it. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FORMATS, flipped, KEY, sealed, verdictOn } from './support/sample.ts';

const PART = 2 ** 17;
const PART_SEQUENCE = Buffer.from([0xf1]);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-damage-'));
  await writeFile(join(folder, 'key'), KEY);
});
afterAll(async () => {
  execFileSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
  await rm(folder, { recursive: true });
});

const sealedByGpg = (content: Buffer, ...flags: string[]): Buffer => {
  const common = ['--homedir', folder, '--batch', '--quiet', '--pinentry-mode', 'loopback'];
  const args = [...common, '--passphrase-file', join(folder, 'key'), ...flags, '--symmetric'];
  return execFileSync('gpg', args, { input: content, maxBuffer: 2 ** 26 });
};

describe.each(FORMATS)('%s', (format) => {
  let small: Buffer, large: Buffer;
  beforeAll(async () => {
    small = await sealed(randomBytes(65_536), format);
    large = await sealed(randomBytes(2.5 * PART), format);
  });

  test('is accepted as it is', async () => {
    expect([await verdictOn(small), await verdictOn(large)]).toEqual(['accepted', 'accepted']);
  });

  test('one flipped bit is never accepted: every bit of both ends, and one bit of every 64 bytes between (C1)', async () => {
    const bits = new Set<number>();
    for (let bit = 0; bit < 80 * 8; bit += 1) bits.add(bit).add(small.length * 8 - 1 - bit);
    for (let byte = 0; byte < small.length; byte += 64) bits.add(byte * 8 + ((byte >> 6) & 7));
    const accepted: number[] = [];
    for (const bit of bits) if ((await verdictOn(flipped(small, bit))) === 'accepted') accepted.push(bit);
    expect(accepted).toEqual([]);
  });

  test('a flipped bit in the encrypted content is called damage', async () => {
    for (let byte = 1000; byte < small.length - 100; byte += 5003) {
      expect(await verdictOn(flipped(small, byte * 8 + 3))).toBe('E_DAMAGED');
    }
  });

  test('what is cut off anywhere is called truncated: in the first 4 KiB, around each part, in the last bytes (C2)', async () => {
    const cuts = Array.from({ length: 4095 }, (_, at) => at + 1);
    for (let at = large.indexOf(PART_SEQUENCE, 40); at > 0 && at < large.length; at += PART + 1) {
      cuts.push(at - 1, at, at + 1);
    }
    for (let last = 1; last <= 32; last += 1) cuts.push(large.length - last);
    const others = new Map<string, number>();
    for (const cut of cuts) {
      const verdict = await verdictOn(large.subarray(0, cut));
      if (verdict !== 'E_TRUNCATED') others.set(verdict, cut);
    }
    expect([...others]).toEqual([]);
  });

  test('another key is told at the beginning, before the content is read (C3)', async () => {
    const other = { key: Buffer.from('another key altogether') };
    // All that follows the beginning is missing: had it been read, the verdict were that it is truncated.
    expect(await verdictOn(large.subarray(0, 200), other)).toBe('E_WRONG_KEY');
    expect(await verdictOn(large.subarray(0, 200))).toBe('E_TRUNCATED');
  });

  test('a byte after the end, and a second message, are refused (C4)', async () => {
    expect(await verdictOn(Buffer.concat([small, Buffer.from([0])]))).toBe('E_TRAILING_DATA');
    expect(await verdictOn(Buffer.concat([small, small]))).toBe('E_TRAILING_DATA');
  });

  test('parts that change places are refused (C4)', async () => {
    const from = large.indexOf(PART_SEQUENCE, 40) + 1;
    const second = from + PART + 1;
    const swapped = Buffer.from(large);
    large.copy(swapped, from + 500, second + 500, second + PART);
    large.copy(swapped, second + 500, from + 500, from + PART);
    expect(await verdictOn(swapped)).toBe('E_DAMAGED');
  });

  test('more than the registered size is refused though nothing is damaged', async () => {
    expect(await verdictOn(small, { mostBytes: 65_536 })).toBe('accepted');
    expect(await verdictOn(small, { mostBytes: 65_535 })).toBe('E_TOO_LARGE');
  });
});

test('what is no archive is named: nothing at all, a tar archive, an error page (C4)', async () => {
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);
  for (const bytes of [Buffer.alloc(0), tar, Buffer.from('<html>Log in</html>')]) {
    expect(await verdictOn(bytes)).toBe('E_NOT_AN_ARCHIVE');
  }
});

test('an archive that holds not one byte is refused (C4)', async () => {
  expect(await verdictOn(sealedByGpg(Buffer.alloc(0)))).toBe('E_NOT_AN_ARCHIVE');
});

test('integrity protection that was stripped is refused (C5)', async () => {
  const content = randomBytes(100);
  const archive = sealedByGpg(content, '-z', '0');
  // Behind the packet of the passphrase, whose length is one byte and whose salt is any bytes at all.
  const at = 2 + (archive[1] ?? 0);
  expect([archive[at], archive[at + 2]]).toEqual([0xd2, 1]);
  const body = archive.subarray(at + 3);
  const stripped = Buffer.concat([archive.subarray(0, at), Buffer.from([0xc9, body.length]), body]);
  expect(await verdictOn(archive)).toBe('accepted');
  expect(await verdictOn(stripped)).toBe('E_UNPROTECTED');
});

test('authenticated data that is passed off as the older format is refused (C5)', async () => {
  const archive = await sealed(randomBytes(1000), 'openpgp-aead');
  // Behind the packet of the session key, whose length is one byte.
  const at = 2 + (archive[1] ?? 0);
  expect(archive[at]).toBe(0xd2);
  const version = at + (archive[at + 1] === 0xff ? 6 : 3);
  expect(archive[version]).toBe(2);
  const downgraded = Buffer.from(archive);
  downgraded[version] = 1;
  expect(await verdictOn(downgraded)).toBe('E_WRONG_KEY');
});

test.each([['zip'], ['zlib']])('a decompression bomb (%s) stops at the registered size (C6)', async (algorithm) => {
  const bomb = sealedByGpg(Buffer.alloc(2 ** 25), '--compress-algo', algorithm);
  expect(bomb.length).toBeLessThan(100_000);
  expect(await verdictOn(bomb)).toBe('accepted');
  const before = process.memoryUsage().rss;
  expect(await verdictOn(bomb, { mostBytes: 2 ** 20 })).toBe('E_TOO_LARGE');
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 25);
});
