/** The output of a container: made ready for its user, measured while it runs, and checked when it has ended. */
import type { Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import { codeOf } from './failure.ts';
import type { RunMount } from './run-mounts.ts';
import type { RunUser } from './run-user.ts';

const MAX_FILES = 100_000;

/**
 * Makes each output an empty folder or file that only `user` can write. What is there already must be empty, so that
 * nothing of an earlier run is taken for a result; otherwise fails with `E_OUTPUT_EXISTS`.
 */
export async function prepareOutputs(outputs: readonly RunMount[], user: RunUser): Promise<void> {
  for (const output of outputs) {
    const isFolder = output.type === 'directory';
    const isEmpty = isFolder ? await makeFolder(output.hostPath) : await makeFile(output.hostPath);
    if (!isEmpty) {
      throw new StrongroomError('E_OUTPUT_EXISTS', `There is something in ${output.hostPath} already.`, {
        next: 'Give the run an empty folder.',
      });
    }
    await chmod(output.hostPath, isFolder ? 0o700 : 0o600);
    if (process.getuid?.() === 0) await chown(output.hostPath, user.uid, user.gid);
  }
}

async function makeFolder(path: string): Promise<boolean> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return (await lstat(path)).isDirectory() && (await readdir(path)).length === 0;
}

async function makeFile(path: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const stats = await lstat(path);
    return stats.isFile() && stats.size === 0;
  }
}

export interface Measured {
  readonly bytes: number;
  readonly files: number;
  /** Something that is neither a folder nor a regular file, as far as there is anything like that. */
  readonly oddity: string | null;
}

/** Adds up what is in the outputs. No link is followed. Stops where there are too many files. */
export async function measureOutputs(outputs: readonly RunMount[]): Promise<Measured> {
  const sum = { bytes: 0, files: 0, oddity: null as string | null };
  const pending = outputs.map((output) => output.hostPath);
  for (let path = pending.pop(); path !== undefined && sum.files <= MAX_FILES; path = pending.pop()) {
    const stats = await statOrGone(path);
    if (!stats) continue;
    sum.files += 1;
    // A file may claim less than it takes, or (where it has holes) more.
    if (stats.isFile()) sum.bytes += Math.max(stats.size, stats.blocks * 512);
    else if (stats.isDirectory()) pending.push(...(await childrenOf(path)));
    else sum.oddity ??= path;
  }
  return sum;
}

/** The container removes files while we look. */
async function statOrGone(path: string): Promise<Stats | null> {
  return lstat(path).catch(() => null);
}

async function childrenOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

export const isTooLarge = (measured: Measured, maxBytes: number): boolean =>
  measured.bytes > maxBytes || measured.files > MAX_FILES;

/** Fails unless the ended container wrote something, not too much, and nothing but regular files. Answers the bytes. */
export async function checkOutputs(outputs: readonly RunMount[], maxBytes: number): Promise<number> {
  const measured = await measureOutputs(outputs);
  if (isTooLarge(measured, maxBytes)) throw outputTooLarge(maxBytes);
  if (measured.oddity !== null) {
    throw new StrongroomError('E_CONTAINER_FAILED', 'The container wrote something that is not a regular file.', {
      why: `${measured.oddity} is a link, a socket or a device; it was not followed.`,
      next: 'Ask the author of the container to write plain files.',
    });
  }
  const results = await measureOutputs(outputs.filter((output) => output.volume === 'output_path'));
  if (results.bytes > 0) return measured.bytes;
  throw new StrongroomError('E_CONTAINER_OUTPUT_EMPTY', 'The container ended well but wrote nothing.', {
    next: 'Compare the paths that it writes to with output_volumes in its container config.',
  });
}

export const outputTooLarge = (maxBytes: number): StrongroomError =>
  new StrongroomError('E_CONTAINER_OUTPUT_TOO_LARGE', 'The container wrote too much and was stopped.', {
    why: `${maxBytes} bytes and ${MAX_FILES} files are allowed.`,
    next: 'Raise the limit if you trust the container, or ask its author why it writes so much.',
  });
