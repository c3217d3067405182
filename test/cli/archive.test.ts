import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { failureIn, strongroom, testFolder } from './support.ts';

async function encrypted() {
  const folder = await testFolder();
  const content = randomBytes(3_000_000);
  await writeFile(folder.in('model.tar'), content);
  const args = [folder.in('model.tar'), '--out', folder.in('model.gpg'), '--key-file', folder.in('key')];
  const ran = await strongroom(['archive', 'encrypt', ...args, '--generate-key', '--json']);
  return { folder, content, ran, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('what archive encrypt writes opens with stock gpg, and the key file is for its owner only', async () => {
  await using made = await encrypted();
  const { folder, content, ran } = made;
  expect(JSON.parse(ran.stdout)).toMatchObject({ ok: true, plaintextSize: content.length });
  expect((await stat(folder.in('key'))).mode & 0o777).toBe(0o600);
  const args = ['--batch', '--quiet', '--decrypt', '--passphrase-file', folder.in('key'), folder.in('model.gpg')];
  expect(execFileSync('gpg', args, { maxBuffer: 2 ** 24 }).equals(content)).toBe(true);
  expect(ran.stdout + ran.stderr).not.toContain((await readFile(folder.in('key'), 'utf8')).trim());
});

test('archive decrypt gives the same bytes back, from stdin to a file', async () => {
  await using folder = await testFolder();
  await writeFile(folder.in('key'), 'a passphrase of some length\n', { mode: 0o600 });
  const key = ['--key-file', folder.in('key')];
  const encrypt = ['archive', 'encrypt', '-', '--out', folder.in('a.gpg'), ...key];
  expect(await strongroom(encrypt, { stdin: 'hello' })).toMatchObject({ code: 0 });
  expect(await strongroom(['archive', 'decrypt', folder.in('a.gpg'), '--out', folder.in('a'), ...key])).toMatchObject({
    code: 0,
  });
  expect(await readFile(folder.in('a'), 'utf8')).toBe('hello');
});

test('the wrong key exits with 4, damage with 3, another digest with 3, and nothing is left', async () => {
  await using made = await encrypted();
  const { folder } = made;
  await writeFile(folder.in('other'), 'another key of enough length\n', { mode: 0o600 });
  const before = await readdir(folder.path);
  const decrypt = ['archive', 'decrypt', folder.in('model.gpg'), '--out', folder.in('out'), '--json', '--key-file'];
  const wrongKey = await strongroom([...decrypt, folder.in('other')]);
  expect([wrongKey.code, failureIn(wrongKey).code]).toEqual([4, 'E_WRONG_KEY']);
  const otherDigest = await strongroom([...decrypt, folder.in('key'), '--sha256', '0'.repeat(64)]);
  expect([otherDigest.code, failureIn(otherDigest).code]).toEqual([3, 'E_DIGEST_MISMATCH']);
  const archive = await readFile(folder.in('model.gpg'));
  archive[2_000_000] = (archive[2_000_000] ?? 0) ^ 1;
  await writeFile(folder.in('model.gpg'), archive);
  const damaged = await strongroom([...decrypt, folder.in('key')]);
  expect([damaged.code, failureIn(damaged).code]).toEqual([3, 'E_DAMAGED']);
  expect(await readdir(folder.path)).toEqual(before);
});

test('an output that is there is refused with 7 and replaced with --force', async () => {
  await using made = await encrypted();
  const { folder, content } = made;
  await writeFile(folder.in('out'), 'mine');
  const decrypt = [
    'archive',
    'decrypt',
    folder.in('model.gpg'),
    '--out',
    folder.in('out'),
    '--key-file',
    folder.in('key'),
  ];
  const refused = await strongroom([...decrypt, '--json']);
  expect([refused.code, failureIn(refused).code]).toEqual([7, 'E_OUTPUT_EXISTS']);
  expect(await readFile(folder.in('out'), 'utf8')).toBe('mine');
  expect((await strongroom([...decrypt, '--force'])).code).toBe(0);
  expect((await readFile(folder.in('out'))).equals(content)).toBe(true);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while a pipe is encrypted exits with 130 and leaves nothing, not even the key',
  async (signal) => {
    await using folder = await testFolder();
    const args = [
      'archive',
      'encrypt',
      '-',
      '--out',
      folder.in('a.gpg'),
      '--key-file',
      folder.in('key'),
      '--generate-key',
    ];
    const ran = await strongroom([...args, '--json'], {
      keepStdinOpen: true,
      meanwhile: (child) => {
        child.stdin?.write('the first piece');
        void untilThere(folder.path, '.partial').then(() => child.kill(signal));
      },
    });
    expect([ran.code, failureIn(ran).code]).toEqual([130, 'E_INTERRUPTED']);
    expect(await readdir(folder.path)).toEqual([]);
  },
);

/** Waits until a file whose name ends so is in the folder: the work has begun. */
async function untilThere(folder: string, ending: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await readdir(folder)).some((name) => name.endsWith(ending)) && Date.now() < deadline) await sleep(20);
}
