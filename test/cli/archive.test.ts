import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { readLoadAnswer } from '../../containers/archive-rewrite.ts';
import { inspectImageArchive } from '../../containers/archive-structure.ts';
import { connectDocker } from '../../containers/docker.ts';
import { imageArchive } from '../../examples/image-archive.ts';
import { until } from '../support/patience.ts';
import { failureIn, LAUNCHER, strongroom, testFolder } from './support.ts';

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
  '%s while a pipe is encrypted exits with 130 and leaves nothing, not even the key (C10)',
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

test('a killed encryption leaves no archive, and the next one clears what it left', async () => {
  await using folder = await testFolder();
  await writeFile(folder.in('key'), 'a passphrase of some length\n', { mode: 0o600 });
  const encrypt = ['archive', 'encrypt', '-', '--out', folder.in('a.gpg'), '--key-file', folder.in('key')];
  await strongroom(encrypt, {
    keepStdinOpen: true,
    meanwhile: (child) => {
      child.stdin?.write('the first piece');
      void untilThere(folder.path, '.partial').then(() => child.kill('SIGKILL'));
    },
  });
  expect((await readdir(folder.path)).sort()).toEqual([expect.stringMatching(/^\.a\.gpg\..*\.partial$/), 'key']);
  expect((await strongroom(encrypt, { stdin: 'all of it' })).code).toBe(0);
  expect((await readdir(folder.path)).sort()).toEqual(['a.gpg', 'key']);
});

test('while it encrypts, the key is nowhere to be seen and the unfinished file is for its owner only (C11)', async () => {
  await using folder = await testFolder();
  const KEY = 'a-passphrase-that-nobody-else-may-see';
  await writeFile(folder.in('key'), `${KEY}\n`, { mode: 0o600 });
  const seen: string[] = [];
  await strongroom(['archive', 'encrypt', '-', '--out', folder.in('a.gpg'), '--key-file', folder.in('key')], {
    keepStdinOpen: true,
    meanwhile: (child) => {
      child.stdin?.write('the first piece');
      void untilThere(folder.path, '.partial').then(async () => {
        for (const name of ['cmdline', 'environ']) seen.push(await readFile(`/proc/${child.pid}/${name}`, 'latin1'));
        const partial = (await readdir(folder.path)).find((name) => name.endsWith('.partial')) ?? '';
        seen.push(((await stat(folder.in(partial))).mode & 0o777).toString(8));
        child.stdin?.end();
      });
    },
  });
  expect(seen).toHaveLength(3);
  expect(seen[0]).toContain(folder.in('key'));
  expect(seen[2]).toBe('600');
  expect(seen.join()).not.toContain(KEY);
});

test('on a disk that becomes full both ways exit with 9 and leave nothing', async () => {
  await using made = await encrypted();
  const { folder } = made;
  const small = folder.in('small');
  await mkdir(small);
  const run = (...args: string[]) => `"${process.execPath}" "${LAUNCHER}" archive ${args.join(' ')}; echo $?`;
  const script = [
    run('decrypt', folder.in('model.gpg'), '--out', `${small}/x`, '--key-file', folder.in('key')),
    run('encrypt', folder.in('model.tar'), '--out', `${small}/y`, '--key-file', `${small}/k`, '--generate-key'),
    `ls -A ${small}`,
  ].join('\n');
  const disk = ['--dev-bind', '/', '/', '--size', '2000000', '--tmpfs', small, 'sh', '-c', script];
  expect(execFileSync('bwrap', disk, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe('9\n9\n');
});

test('docker:IMAGE encrypts what docker save writes; an image that is not there exits with 6', async () => {
  await using folder = await testFolder();
  const content = randomBytes(100_000);
  const image = await imageArchive(
    [[{ path: '/weights', from: content, mode: 0o644 }]],
    {},
    'strongroom-test-archive:1',
  );
  const docker = await connectDocker();
  await readLoadAnswer((await docker.loadImage(image.stream, { quiet: true })) as AsyncIterable<Buffer>);
  try {
    const options = ['--out', folder.in('a.gpg'), '--key-file', folder.in('key'), '--generate-key', '--json'];
    expect(await strongroom(['archive', 'encrypt', 'docker:strongroom-test-archive:1', ...options])).toMatchObject({
      code: 0,
    });
    const decrypt = ['--batch', '--quiet', '--decrypt', '--passphrase-file', folder.in('key'), folder.in('a.gpg')];
    const archive = execFileSync('gpg', decrypt, { maxBuffer: 2 ** 24 });
    expect((await inspectImageArchive(Readable.from([archive]))).imageDigest).toBe(image.imageDigest);
    expect(archive.includes(content)).toBe(true);
  } finally {
    await docker.getImage('strongroom-test-archive:1').remove({ force: true });
  }
  const before = await readdir(folder.path);
  const missing = ['docker:strongroom-test-missing:1', '--out', folder.in('b.gpg'), '--key-file', folder.in('key')];
  const ran = await strongroom(['archive', 'encrypt', ...missing, '--json']);
  expect([ran.code, failureIn(ran).code]).toEqual([6, 'E_IMAGE_NOT_FOUND']);
  expect(await readdir(folder.path)).toEqual(before);
});

test('- is no output: it appears only when all was verified, and a pipe cannot do that', async () => {
  const ran = await strongroom(['archive', 'decrypt', 'a.gpg', '--out', '-', '--key-file', 'key', '--json']);
  expect([ran.code, failureIn(ran).code]).toEqual([2, 'E_USAGE']);
});

/** Waits until a file whose name ends so is in the folder: the work has begun. */
async function untilThere(folder: string, ending: string): Promise<void> {
  await until(`a file that ends with ${ending}`, async () =>
    (await readdir(folder)).some((name) => name.endsWith(ending)),
  );
}
