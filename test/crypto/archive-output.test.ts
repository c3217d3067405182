/** Where an archive or its content is written: whole, beside nothing, and never in the place of something else. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { decryptArchiveToFile } from '../../crypto/archive-decryption.ts';
import { encryptArchive } from '../../crypto/archive-encryption.ts';
import { ModelKey } from '../../crypto/model-key.ts';

const CONTENT = randomBytes(3_000_000);
let folder: string, key: ModelKey, archive: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-output-'));
  key = ModelKey.generate();
  archive = at('a.gpg');
  await encryptArchive(Readable.from([CONTENT]), key, archive, { countOctet: 0 });
});
afterEach(async () => {
  key[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error: unknown) => (error as { code?: string }).code,
  );

const OBSTACLES: readonly (readonly [string, string, (path: string) => unknown])[] = [
  ['a file', 'accepted', (path) => writeFile(path, 'mine')],
  ['a link', 'accepted', (path) => symlink(at('elsewhere'), path)],
  ['a folder', 'E_OUTPUT_EXISTS', (path) => mkdir(path)],
  ['a named pipe', 'E_OUTPUT_EXISTS', (path) => execFileSync('mkfifo', [path])],
];

test.each(OBSTACLES)(
  '%s in the place of the output is refused, and with replace: %s (C9)',
  async (_what, forced, make) => {
    await make(at('out'));
    const before = await readdir(folder);
    expect(await codeOf(decryptArchiveToFile(archive, key, at('out')))).toBe('E_OUTPUT_EXISTS');
    expect(await codeOf(decryptArchiveToFile(archive, key, at('out'), { overwrite: 'replace' }))).toBe(forced);
    expect(await readdir(folder)).toEqual(before);
  },
);

test('a link that is replaced is replaced itself: where it pointed to nothing changes', async () => {
  await writeFile(at('elsewhere'), 'mine');
  await symlink(at('elsewhere'), at('out'));
  await decryptArchiveToFile(archive, key, at('out'), { overwrite: 'replace' });
  expect(await readFile(at('elsewhere'), 'utf8')).toBe('mine');
  expect((await readFile(at('out'))).equals(CONTENT)).toBe(true);
});

test('the archive itself as the output is refused, under another name too (C9)', async () => {
  await symlink(folder, at('around'));
  for (const out of [archive, at('around/a.gpg')]) {
    expect(await codeOf(decryptArchiveToFile(archive, key, out))).toBe('E_OUTPUT_EXISTS');
  }
});

test('a decryption that is stopped in the middle leaves nothing', async () => {
  const before = await readdir(folder);
  const stop = new AbortController();
  const onProgress = ({ bytesDone }: { bytesDone: number }) => {
    if (bytesDone > 1_000_000) stop.abort();
  };
  const stopped = decryptArchiveToFile(archive, key, at('out'), { signal: stop.signal, onProgress });
  expect(await codeOf(stopped)).toBe('E_INTERRUPTED');
  expect(await readdir(folder)).toEqual(before);
});

test('damage at the very end leaves nothing of all that came before it', async () => {
  const bytes = await readFile(archive);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(archive, bytes);
  expect(await codeOf(decryptArchiveToFile(archive, key, at('out')))).toBe('E_DAMAGED');
  expect(await readdir(folder)).toEqual(['a.gpg']);
});
