/** The archive in which a benchmark's test dataset travels: a tar, packed or plain, with the folders `data` and `labels`. */
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { StrongroomError } from '../domain/errors.ts';
import { decompress, peek } from './compression.ts';
import { listDataset } from './dataset-digest.ts';
import { asError } from './failure.ts';
import { quoteName } from './hostile-archive.ts';
import { readTar } from './tar-entries.ts';
import type { TarHeader } from './tar-entries.ts';

export interface DatasetLimits {
  readonly entries: number;
  /** Bytes of all files together. */
  readonly bytes: number;
}

export const DEFAULT_DATASET_LIMITS: DatasetLimits = { entries: 100_000, bytes: 16 * 2 ** 30 };

/** The folders of a dataset: what a model reads, and what its predictions are compared with. */
export const DATASET_FOLDERS = ['data', 'labels'] as const;

/**
 * Packs the folders `data` and `labels` of `folder` into a tar. The same files always make the same bytes: sorted, with
 * no times and no owners.
 */
export function packDataset(folder: string): Readable {
  const archive = pack();
  writeEntries(archive, folder).catch((error: unknown) => {
    archive.destroy(asError(error));
  });
  return Readable.from(archive as AsyncIterable<Buffer>, { objectMode: false });
}

async function writeEntries(archive: Pack, folder: string): Promise<void> {
  for (const file of await listDataset(folder)) {
    if (!isInDataset(file.path)) continue;
    const header = { name: file.path, size: file.size, mode: 0o644, mtime: new Date(0) };
    const entry = archive.entry(header) as unknown as NodeJS.WritableStream;
    await pipeline(createReadStream(join(folder, file.path)), entry);
  }
  archive.finalize();
}

const isInDataset = (path: string) => DATASET_FOLDERS.some((name) => path.startsWith(`${name}/`));

/**
 * Unpacks the tar at `archivePath` into `target`, which must be missing or empty; on any failure it is empty again.
 * Only regular files and folders below `data` and `labels` are taken. Fails with `E_HOSTILE_ARCHIVE`,
 * `E_NOT_AN_ARCHIVE`, `E_TOO_LARGE` or `E_OUTPUT_EXISTS`.
 */
export async function unpackDatasetArchive(
  archivePath: string,
  target: string,
  limits: DatasetLimits = DEFAULT_DATASET_LIMITS,
): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o755 });
  if ((await readdir(target)).length > 0) {
    throw new StrongroomError('E_OUTPUT_EXISTS', `There is something in ${target} already.`);
  }
  const source = createReadStream(archivePath);
  const unpacking: Unpacking = {
    target,
    claims: new Map(),
    bytes: limits.bytes,
    entries: limits.entries,
  };
  try {
    await readTar(decompress(await peek(source as AsyncIterable<Buffer>)), failure, (header, content) =>
      unpackEntry(unpacking, header, content),
    );
    for (const name of DATASET_FOLDERS) {
      if (!unpacking.claims.has(name)) throw refuse(`has no folder "${name}"`);
    }
  } catch (error) {
    for (const name of await readdir(target)) await rm(join(target, name), { recursive: true, force: true });
    throw error;
  } finally {
    source.destroy();
  }
}

interface Unpacking {
  readonly target: string;
  /** Paths so far, by what file systems that ignore case and composition take them for. */
  readonly claims: Map<string, Claim>;
  bytes: number;
  entries: number;
}

interface Claim {
  readonly path: string;
  readonly type: 'file' | 'directory';
}

async function unpackEntry(into: Unpacking, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
  const path = checkEntry(into, header);
  if (path === '') return;
  if (header.type === 'directory') {
    await makeFolders(into, path);
    return;
  }
  await makeFolders(into, dirname(path));
  await writeFile(into, path, content);
}

/** The entry's plain relative path; the empty one is the archive's own folder. */
function checkEntry(into: Unpacking, header: TarHeader): string {
  const quoted = quoteName(header.name);
  into.entries -= 1;
  if (into.entries < 0) throw tooLarge('It has too many files.');
  if (header.type !== 'file' && header.type !== 'directory') throw refuse(`holds ${quoted}, which is a ${header.type}`);
  if (Object.keys(header.extended).some((key) => key.startsWith('GNU.sparse')))
    throw refuse(`holds the sparse file ${quoted}`);
  const path = header.name.replace(/^(?:\.\/)+|^\.$/, '').replace(/\/$/, '');
  if (path === '' && header.type === 'directory') return '';
  const parts = path.split('/');
  const plain = parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255 && !/[\p{Cc}\\]/u.test(part),
  );
  if (!plain || path.length > 1024 || parts.length > 32) throw refuse(`holds the name ${quoted}`);
  if (!DATASET_FOLDERS.some((name) => name === parts[0])) throw refuse(`holds ${quoted} outside of data and labels`);
  if (parts.length === 1 && header.type === 'file') throw refuse(`holds a file where the folder ${quoted} belongs`);
  return path;
}

async function makeFolders(into: Unpacking, path: string): Promise<void> {
  let folder = '';
  for (const part of path.split('/')) {
    folder = folder === '' ? part : `${folder}/${part}`;
    if (!claim(into, { path: folder, type: 'directory' })) continue;
    // Not recursive: each part is made by us, here, so none of them is a link.
    await mkdir(join(into.target, folder));
    // Whatever the umask of this process is, the user of a container must be able to read it.
    await chmod(join(into.target, folder), 0o755);
  }
}

/** Takes a path for an entry; answers whether it is new. A folder may be named again, nothing else may. */
function claim(into: Unpacking, wanted: Claim): boolean {
  const key = wanted.path.normalize('NFC').toLowerCase();
  const earlier = into.claims.get(key);
  if (!earlier) into.claims.set(key, wanted);
  else if (earlier.path !== wanted.path || earlier.type === 'file' || wanted.type === 'file') {
    throw refuse(`holds ${quoteName(wanted.path)} twice`);
  }
  return earlier === undefined;
}

async function writeFile(into: Unpacking, path: string, content: AsyncIterable<Buffer>): Promise<void> {
  claim(into, { path, type: 'file' });
  const file = await open(join(into.target, path), 'wx', 0o644);
  try {
    await file.chmod(0o644);
    for await (const chunk of content) {
      into.bytes -= chunk.length;
      if (into.bytes < 0) throw tooLarge('Its files take too much room.');
      await file.write(chunk);
    }
  } finally {
    await file.close();
  }
}

const failure = (why: string): StrongroomError =>
  new StrongroomError('E_NOT_AN_ARCHIVE', 'The dataset is not a tar archive.', {
    why: `${why}.`,
    next: 'Pack the folders data and labels with: tar -czf dataset.tar.gz data labels',
  });

const refuse = (what: string): StrongroomError =>
  new StrongroomError('E_HOSTILE_ARCHIVE', `The archive of the dataset ${what}.`, {
    why: 'It may hold regular files below the folders data and labels, each of them once.',
    next: 'Nothing was unpacked. Ask its owner for a plain archive.',
  });

const tooLarge = (why: string): StrongroomError =>
  new StrongroomError('E_TOO_LARGE', 'The archive of the dataset is too large.', { why });
