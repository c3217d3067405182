/** The digest by which a dataset is known although its files never leave their owner's machine. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import { parseSha256 } from '../domain/ids.ts';

export interface DatasetDigest {
  /** SHA-256 of the manifest. */
  readonly sha256: Sha256;
  /** Bytes of all files together. */
  readonly size: number;
  readonly files: number;
}

export interface DatasetFile {
  /** Relative, with `/` between its parts. */
  readonly path: string;
  readonly size: number;
}

/**
 * SHA-256 of the dataset's canonical manifest: a line `<sha256>  <path>` for each file, sorted by the bytes of the path.
 * Anyone can recompute it: `find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum`.
 * Fails with `E_DATASET_NOT_FOUND`, and with `E_DATASET_UNREADABLE` where the folder holds anything but plain files.
 */
export async function datasetDigest(
  folder: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<DatasetDigest> {
  const files = await listDataset(folder);
  const manifest = createHash('sha256');
  let size = 0;
  for (const { path } of files) {
    options.signal?.throwIfAborted();
    const file = await hashFile(join(folder, path));
    manifest.update(`${file.sha256}  ${path}\n`);
    size += file.size;
  }
  return { sha256: parseSha256(manifest.digest('hex')), size, files: files.length };
}

/** All files of a dataset, sorted by the bytes of their paths. */
export async function listDataset(folder: string): Promise<DatasetFile[]> {
  const files: DatasetFile[] = [];
  await collect(folder, '', files);
  if (files.length === 0) throw new StrongroomError('E_DATASET_NOT_FOUND', `There is no file in ${folder}.`);
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

async function collect(folder: string, inside: string, files: DatasetFile[]): Promise<void> {
  for (const name of await childrenOf(join(folder, inside))) {
    const path = inside === '' ? name : `${inside}/${name}`;
    const stats = await lstat(join(folder, path));
    if (/[\p{Cc}\\]/u.test(name)) throw unreadable(path, 'Its name holds control characters or backslashes.');
    if (stats.isDirectory()) await collect(folder, path, files);
    else if (stats.isFile()) files.push({ path, size: stats.size });
    else throw unreadable(path, 'It is a link, a socket or a device.');
  }
}

async function childrenOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new StrongroomError('E_DATASET_NOT_FOUND', `The folder ${folder} cannot be read.`, {
      next: 'Name a folder with the folders data and labels in it.',
      cause: error,
    });
  }
}

const unreadable = (path: string, why: string) =>
  new StrongroomError('E_DATASET_UNREADABLE', `The dataset holds ${JSON.stringify(path)}, which is not a plain file.`, {
    why,
    next: 'Keep only folders and regular files in a dataset.',
  });

async function hashFile(path: string): Promise<{ sha256: string; size: number }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of file.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: hash.digest('hex'), size };
}
