/** Reads a function from its folder, and refuses what a folder may hold but a function may not. */
import { constants } from 'node:fs';
import type { Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import { MAX_FILES, MAX_TOTAL_BYTES, parseFunctionPath } from '../domain/function-manifest.ts';
import type { FunctionBundle, FunctionContent } from './function-bundle.ts';
import { makeFunctionBundle } from './function-bundle.ts';

/** Left by editors, version control and file managers; never part of a function. */
const LEFT_OUT = new Set(['.git', '.DS_Store', 'Thumbs.db']);

/**
 * The function in `folder`. Fails with `E_FUNCTION_INVALID` on links, devices, odd names and sizes, with
 * `E_MODEL_INVALID` on models that cannot be used, and with `E_FILE_NOT_FOUND` where there is no such folder.
 */
export async function readFunctionFolder(folder: string, signal?: AbortSignal): Promise<FunctionBundle> {
  const reading = { folder, left: MAX_TOTAL_BYTES, contents: [] as FunctionContent[], signal };
  await readBelow(reading, '');
  return makeFunctionBundle(reading.contents);
}

interface Reading {
  readonly folder: string;
  left: number;
  readonly contents: FunctionContent[];
  readonly signal: AbortSignal | undefined;
}

async function readBelow(reading: Reading, below: string): Promise<void> {
  for (const entry of await entriesOf(join(reading.folder, below))) {
    if (LEFT_OUT.has(entry.name)) continue;
    reading.signal?.throwIfAborted();
    const path = parseFunctionPath(below === '' ? entry.name : `${below}/${entry.name}`);
    if (entry.isDirectory()) await readBelow(reading, path);
    else if (entry.isFile()) reading.contents.push(await readOne(reading, path));
    else throw refused(path, entry.isSymbolicLink() ? 'It is a link.' : 'It is a device, a pipe or a socket.');
    if (reading.contents.length > MAX_FILES) throw refused(path, `There are more than ${MAX_FILES} files.`);
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new StrongroomError('E_FILE_NOT_FOUND', `${folder} is no folder that can be read.`, { cause: error });
  }
}

async function readOne(reading: Reading, path: string): Promise<FunctionContent> {
  // Opened without following links, and looked at through the handle: it cannot become something else in between.
  const file = await open(join(reading.folder, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw refused(path, 'It is no plain file.');
    reading.left -= stats.size;
    if (reading.left < 0) throw refused(path, `The files are larger than ${MAX_TOTAL_BYTES} bytes together.`);
    return { path, mode: (stats.mode & 0o111) === 0 ? '0644' : '0755', content: await file.readFile() };
  } finally {
    await file.close();
  }
}

const refused = (path: string, why: string) =>
  new StrongroomError('E_FUNCTION_INVALID', `${JSON.stringify(path)} cannot be part of a function.`, { why });
