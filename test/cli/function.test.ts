/** `strongroom function …` without a platform: a function to start from, and the checksum of a folder (issue 6). */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { Context as TemplateContext } from '../../cli/templates/function/strongroom.d.ts';
import { encodeFunctionBundle } from '../../crypto/function-bundle.ts';
import { readFunctionFolder } from '../../crypto/function-folder.ts';
import { deploy } from '../../enclave/host/running-function.ts';
import type { Context } from '../../enclave/runner/function.ts';
import { failureIn, strongroom, testFolder } from './support.ts';

/** Compiles only while the template describes what the runner gives. */
const described = (context: Context): TemplateContext => context;

interface Checksum {
  readonly checksum: string;
  readonly manifest: string;
  readonly files: readonly { readonly path: string }[];
}

async function checksumOf(folder: string): Promise<Checksum> {
  const ran = await strongroom(['function', 'checksum', folder, '--manifest', '--json']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ran.stdout) as Checksum;
}

async function made() {
  const folder = await testFolder();
  const ran = await strongroom(['function', 'init', 'my-classifier'], { cwd: folder.path });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  return { folder, path: folder.in('my-classifier'), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('function init makes a function that runs as it is, types included', async () => {
  await using started = await made();
  expect(typeof described).toBe('function');
  const running = await deploy(encodeFunctionBundle(await readFunctionFolder(started.path)));
  try {
    const { bytes } = await running.call(Buffer.from('two words'));
    expect(JSON.parse(bytes.toString())).toEqual({ words: 2, bytes: 9, calls: 1 });
    expect(running.config.name).toBe('my-classifier');
  } finally {
    await running.stop();
  }
});

test('function init leaves what is there alone, and takes no name that could not be an alias', async () => {
  await using started = await made();
  const again = await strongroom(['function', 'init', 'my-classifier', '--json'], { cwd: started.folder.path });
  expect([again.code, failureIn(again).code]).toEqual([7, 'E_OUTPUT_EXISTS']);
  const odd = await strongroom(['function', 'init', '../My', '--json'], { cwd: started.folder.path });
  expect([odd.code, failureIn(odd).code]).toEqual([2, 'E_INVALID_NAME']);
});

describe('function checksum', () => {
  test('is the SHA-256 of the manifest, and stock tools come to the same', async () => {
    await using started = await made();
    const { checksum, manifest } = await checksumOf(started.path);
    expect(createHash('sha256').update(manifest).digest('hex')).toBe(checksum);
    const script =
      'echo "strongroom-function 1"; LC_ALL=C; for f in $(ls | sort); do ' +
      'echo "$(sha256sum <"$f" | cut -c1-64) 0644 $(stat -c %s "$f") $f"; done';
    expect(execFileSync('sh', ['-c', script], { cwd: started.path, encoding: 'utf8' })).toBe(manifest);
  });

  test("is the same under another folder's name, at another time, for another owner of the bits that do not count", async () => {
    await using started = await made();
    const before = await checksumOf(started.path);
    const other = started.folder.in('other name');
    await rename(started.path, other);
    await utimes(`${other}/app.ts`, 1, 1);
    await chmod(`${other}/app.ts`, 0o600);
    expect((await checksumOf(other)).checksum).toBe(before.checksum);
  });

  test('changes with a byte, a path and the executable bit', async () => {
    await using started = await made();
    const change = async (what: string, doIt: (folder: string) => Promise<void>) => {
      const copy = started.folder.in(what);
      await cp(started.path, copy, { recursive: true });
      await doIt(copy);
      return (await checksumOf(copy)).checksum;
    };
    const all = [
      (await checksumOf(started.path)).checksum,
      await change('byte', (folder) => writeFile(`${folder}/README.md`, 'x')),
      await change('path', (folder) => rename(`${folder}/README.md`, `${folder}/README2.md`)),
      await change('mode', (folder) => chmod(`${folder}/README.md`, 0o755)),
    ];
    expect(new Set(all).size).toBe(4);
  });

  test.each<[string, (folder: string) => Promise<unknown>, string, string]>([
    ['a link', (folder) => symlink('/etc/passwd', `${folder}/link`), 'E_FUNCTION_INVALID', 'It is a link.'],
    ['a link to a folder', (folder) => symlink('/etc', `${folder}/link`), 'E_FUNCTION_INVALID', 'It is a link.'],
    [
      'a pipe',
      async (folder) => execFileSync('mkfifo', [`${folder}/pipe`]),
      'E_FUNCTION_INVALID',
      'It is a device, a pipe or a socket.',
    ],
    [
      'two names that differ in case only',
      (folder) => writeFile(`${folder}/APP.ts`, ''),
      'E_FUNCTION_INVALID',
      'Two of its names are the same, or differ in case only.',
    ],
    [
      'a name with a backslash',
      (folder) => writeFile(`${folder}/a\\b`, ''),
      'E_FUNCTION_INVALID',
      'It has a backslash.',
    ],
    ['a model that is none', (folder) => writeFile(`${folder}/model.onnx`, 'not a model'), 'E_MODEL_INVALID', ''],
    [
      'a mistake in function.yaml',
      (folder) => writeFile(`${folder}/function.yaml`, 'name: tried\nentry: app.ts\nlimits: { seconds: none }\n'),
      'E_FUNCTION_INVALID',
      '',
    ],
    [
      'an entry that is not there',
      (folder) => writeFile(`${folder}/function.yaml`, 'name: tried\nentry: other.ts\n'),
      'E_FUNCTION_INVALID',
      'function.yaml names it.',
    ],
  ])('refuses %s', async (_what, spoil, code, why) => {
    await using started = await made();
    await spoil(started.path);
    const ran = await strongroom(['function', 'checksum', started.path, '--json']);
    expect(failureIn(ran)).toMatchObject({ code, ...(why !== '' && { why }) });
    expect(ran.code).not.toBe(0);
  });

  test('refuses a folder that is not there, and one without function.yaml', async () => {
    await using folder = await testFolder();
    await mkdir(folder.in('empty'));
    const missing = await strongroom(['function', 'checksum', folder.in('missing'), '--json']);
    expect([missing.code, failureIn(missing).code]).toEqual([6, 'E_FILE_NOT_FOUND']);
    const empty = await strongroom(['function', 'checksum', folder.in('empty'), '--json']);
    expect([empty.code, failureIn(empty)]).toEqual([2, expect.objectContaining({ code: 'E_FUNCTION_INVALID' })]);
  });
});
