import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { packDataset, unpackDatasetArchive } from '../../containers/dataset-archive.ts';
import type { DatasetLimits } from '../../containers/dataset-archive.ts';
import { datasetDigest } from '../../containers/dataset-digest.ts';
import { readResults } from '../../containers/results-file.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { paxHeader, tar, tarHeader } from './support/tar.ts';
import type { TarPart } from './support/tar.ts';

const run = promisify(execFile);
const LIMITS: DatasetLimits = { entries: 50, bytes: 2 ** 20 };
const GOOD: TarPart[] = [
  { name: 'data/', type: '5' },
  { name: 'data/one.png', body: 'picture' },
  { name: 'data/deep/two.png', body: 'another' },
  { name: 'labels/', type: '5' },
  { name: 'labels/labels.csv', body: 'file,label\n' },
];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-dataset-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const place = async () => mkdtemp(join(folder, 'place-'));

async function failure(attempt: Promise<unknown>): Promise<StrongroomError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof StrongroomError) return error;
    throw error;
  }
  throw new Error('it went well');
}

async function unpack(archive: Buffer, limits = LIMITS): Promise<string> {
  const at = await place();
  await writeFile(join(at, 'dataset.tar'), archive);
  await unpackDatasetArchive(join(at, 'dataset.tar'), join(at, 'inside', 'target'), limits);
  return join(at, 'inside', 'target');
}

/** Unpacking fails, and nothing is left: neither in the target nor beside it. */
async function refusal(archive: Buffer, limits = LIMITS): Promise<StrongroomError> {
  const at = await place();
  await writeFile(join(at, 'dataset.tar'), archive);
  const error = await failure(unpackDatasetArchive(join(at, 'dataset.tar'), join(at, 'inside', 'target'), limits));
  expect(await readdir(join(at, 'inside', 'target'))).toEqual([]);
  expect(await readdir(join(at, 'inside'))).toEqual(['target']);
  expect((await readdir(at)).sort()).toEqual(['dataset.tar', 'inside']);
  return error;
}

describe('the archive of a dataset is unpacked', () => {
  test.each([
    ['plain', tar(GOOD)],
    ['packed', gzipSync(tar(GOOD))],
    [
      'with "./" before its names, as tar writes it for "."',
      tar([{ name: './', type: '5' }, ...GOOD.map((part) => ({ ...part, name: `./${part.name}` }))]),
    ],
    ['without entries for its folders', tar(GOOD.filter((part) => part.type !== '5'))],
  ])('%s', async (_how, archive) => {
    const target = await unpack(archive);
    expect((await readdir(target, { recursive: true })).sort()).toEqual(
      ['data', 'data/deep', 'data/deep/two.png', 'data/one.png', 'labels', 'labels/labels.csv'].sort(),
    );
    expect(await readFile(join(target, 'data/deep/two.png'), 'utf8')).toBe('another');
  });

  test('readable for the user of a container, with no bits of its own', async () => {
    const before = process.umask(0o077);
    try {
      const target = await unpack(tar([...GOOD, { name: 'data/tool', body: 'x', mode: 0o4777 }]));
      expect((await stat(join(target, 'data/tool'))).mode & 0o7777).toBe(0o644);
      expect((await stat(join(target, 'data/deep'))).mode & 0o7777).toBe(0o755);
    } finally {
      process.umask(before);
    }
  });
});

describe('E3: a hostile archive of a dataset leaves nothing behind', () => {
  test.each<[string, TarPart[]]>([
    ['a name that climbs', [{ name: 'data/../../canary', body: 'x' }]],
    ['an absolute name', [{ name: '/tmp/canary', body: 'x' }]],
    ['a name outside of data and labels', [{ name: 'canary', body: 'x' }]],
    ['a file where a folder belongs', [{ name: 'data', body: 'x' }]],
    ['a name behind an extended header', [paxHeader({ path: '../canary' }), { name: 'data/x', body: 'x' }]],
    ['a name with a backslash', [{ name: 'data/..\\..\\canary', body: 'x' }]],
    ['a name with a line break', [{ name: 'data/a\nb', body: 'x' }]],
    ['a name with an empty part', [{ name: 'data//x', body: 'x' }]],
    ['a very long name', [{ name: 'x', type: 'L', body: `data/${'y'.repeat(300)}\0` }, { name: 'data/x' }]],
    ['a deep folder', [paxHeader({ path: `data/${'d/'.repeat(60)}x` }), { name: 'data/x', body: 'x' }]],
    ['a link', [{ name: 'data/x', type: '2', link: '/etc/passwd' }]],
    [
      'a link and a file through it',
      [
        { name: 'data/x', type: '2', link: '/tmp' },
        { name: 'data/x/canary', body: 'x' },
      ],
    ],
    ['a hard link', [{ name: 'data/x', type: '1', link: '/etc/passwd' }]],
    ['a device', [{ name: 'data/x', type: '3' }]],
    ['a FIFO', [{ name: 'data/x', type: '6' }]],
    ['a sparse file', [paxHeader({ 'GNU.sparse.realsize': '1099511627776' }), { name: 'data/x', body: 'x' }]],
    [
      'the same file twice',
      [
        { name: 'data/x', body: 'x' },
        { name: 'data/x', body: 'y' },
      ],
    ],
    [
      'names that differ only in case',
      [
        { name: 'data/x', body: 'x' },
        { name: 'data/X', body: 'y' },
      ],
    ],
    [
      'folders that differ only in case',
      [
        { name: 'data/f/x', body: 'x' },
        { name: 'data/F/y', body: 'y' },
      ],
    ],
    [
      'names that differ only in composition',
      [
        { name: 'data/\u00e9', body: 'x' },
        { name: 'data/e\u0301', body: 'y' },
      ],
    ],
    [
      'a file and then a folder of its name',
      [
        { name: 'data/x', body: 'x' },
        { name: 'data/x/y', body: 'y' },
      ],
    ],
    [
      'a folder and then a file of its name',
      [
        { name: 'data/x/y', body: 'y' },
        { name: 'data/x', body: 'x' },
      ],
    ],
  ])('%s', async (_what, evil) => {
    expect((await refusal(tar([...GOOD, ...evil]))).code).toBe('E_HOSTILE_ARCHIVE');
  });

  test.each([
    ['too many files', tar(Array.from({ length: 60 }, (_, at) => ({ name: `data/${at}` })))],
    ['too many bytes', tar([...GOOD, { name: 'data/big', body: Buffer.alloc(2 ** 20) }])],
    ['a bomb', gzipSync(tar([...GOOD, { name: 'data/big', body: Buffer.alloc(2 ** 25) }]))],
  ])('%s', async (_what, archive) => {
    expect((await refusal(archive)).code).toBe('E_TOO_LARGE');
  });

  test.each([
    ['a text', Buffer.from('hello')],
    ['an archive that is cut off', tar(GOOD).subarray(0, 1200)],
    [
      'an entry that claims eight exbibytes',
      Buffer.concat([tarHeader({ name: 'data/x', size: 8n * 2n ** 60n }), Buffer.alloc(2048)]),
    ],
  ])('%s', async (_what, archive) => {
    expect((await refusal(archive)).code).toBe('E_NOT_AN_ARCHIVE');
  });

  test('without labels', async () => {
    expect((await refusal(tar([{ name: 'data/x', body: 'x' }]))).message).toContain('"labels"');
  });

  test('into a folder with something in it, which stays', async () => {
    const at = await place();
    await writeFile(join(at, 'mine'), 'x');
    await writeFile(join(folder, 'good.tar'), tar(GOOD));
    expect((await failure(unpackDatasetArchive(join(folder, 'good.tar'), at))).code).toBe('E_OUTPUT_EXISTS');
    expect(await readdir(at)).toEqual(['mine']);
  });
});

describe('a dataset', () => {
  const makeDataset = async (): Promise<string> => {
    const at = await place();
    await mkdir(join(at, 'data', 'deep'), { recursive: true });
    await mkdir(join(at, 'labels'));
    for (const name of ['data/b', 'data/a', 'data/deep/ä', 'data/Z', 'labels/labels.csv'])
      await writeFile(join(at, name), `content of ${name}`);
    return at;
  };

  test('has the digest that anyone can compute with find and sha256sum', async () => {
    const at = await makeDataset();
    const line = `find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum`;
    const { stdout } = await run('sh', ['-c', line], { cwd: at });
    const digest = await datasetDigest(at);
    expect(digest).toEqual({ sha256: stdout.slice(0, 64), size: digest.size, files: 5 });
    expect(digest.size).toBe(
      Buffer.byteLength(
        ['data/b', 'data/a', 'data/deep/ä', 'data/Z', 'labels/labels.csv'].map((name) => `content of ${name}`).join(''),
      ),
    );
  });

  test('has another digest when a file changes, moves or is added', async () => {
    const at = await makeDataset();
    const digests = [(await datasetDigest(at)).sha256];
    await writeFile(join(at, 'data/a'), 'content of data/A');
    digests.push((await datasetDigest(at)).sha256);
    await rename(join(at, 'data/b'), join(at, 'data/c'));
    digests.push((await datasetDigest(at)).sha256);
    await writeFile(join(at, 'data/d'), '');
    digests.push((await datasetDigest(at)).sha256);
    expect(new Set(digests).size).toBe(4);
  });

  test('with a link in it has none', async () => {
    const at = await makeDataset();
    await symlink('/etc/passwd', join(at, 'data/link'));
    expect((await failure(datasetDigest(at))).code).toBe('E_DATASET_UNREADABLE');
  });

  test('that is empty or not there has none', async () => {
    expect((await failure(datasetDigest(await place()))).code).toBe('E_DATASET_NOT_FOUND');
    expect((await failure(datasetDigest(join(folder, 'nowhere')))).code).toBe('E_DATASET_NOT_FOUND');
  });

  test('is packed into the same bytes whenever and wherever, and comes out as it went in', async () => {
    const [first, second] = [await makeDataset(), await makeDataset()];
    await writeFile(join(first, 'notes.txt'), 'not part of it');
    const archives = await Promise.all(
      [first, second].map(async (at) => Buffer.concat((await packDataset(at).toArray()) as Buffer[])),
    );
    expect(archives[0]!.equals(archives[1]!)).toBe(true);
    const target = await unpack(archives[0]!);
    expect(await datasetDigest(target)).toEqual(await datasetDigest(second));
  });

  test('that cannot be packed fails its stream', async () => {
    const file = createWriteStream(join(folder, 'never.tar'));
    await expect(pipeline(packDataset(join(folder, 'nowhere')), file)).rejects.toMatchObject({
      code: 'E_DATASET_NOT_FOUND',
    });
  });
});

describe('results', () => {
  const write = async (name: string, text: string) => {
    const at = await place();
    await writeFile(join(at, name), text);
    return at;
  };

  test.each([
    ['results.yaml', 'accuracy: 0.98\nper_class: [1, 0.5]\n'],
    ['results.json', '{"accuracy": 0.98, "per_class": [1, 0.5]}'],
  ])('are read from %s, by file or by folder', async (name, text) => {
    const at = await write(name, text);
    const expected = { accuracy: 0.98, per_class: [1, 0.5] };
    expect(await readResults(join(at, name))).toEqual(expected);
    expect(await readResults(at)).toEqual(expected);
  });

  test.each([
    ['a list', '[1]'],
    ['nothing', ''],
    ['an empty object', '{}'],
    ['a text', 'hello'],
    ['an alias', 'a: &x [1]\nb: *x'],
    ['a tag', 'a: !!js/function x'],
    ['broken YAML', 'a: ['],
    ['a long text', `a: ${'x'.repeat(100_000)}`],
    ['two documents', 'a: 1\n---\na: 2'],
  ])('of %s are refused', async (_what, text) => {
    expect((await failure(readResults(await write('results.yaml', text)))).code).toBe('E_RESULTS_INVALID');
  });

  test('behind a link are not read (E6)', async () => {
    const at = await place();
    await symlink('/etc/passwd', join(at, 'results.yaml'));
    expect((await failure(readResults(join(at, 'results.yaml')))).code).toBe('E_RESULTS_INVALID');
    expect((await failure(readResults(at))).code).toBe('E_RESULTS_INVALID');
  });

  test('that are a pipe do not make us wait', async () => {
    const at = await place();
    await run('mkfifo', [join(at, 'results.yaml')]);
    expect((await failure(readResults(at))).code).toBe('E_RESULTS_INVALID');
  });

  test('that are not there are missed', async () => {
    expect((await failure(readResults(await place()))).code).toBe('E_RESULTS_INVALID');
  });
});
