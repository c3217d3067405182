/** Programs that are found on the PATH or in our cache, or built into it by the Go toolchain. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';

const run = promisify(execFile);

export const namesOnPath = (name: string): readonly string[] =>
  (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name));

/** The first of these files that can be run. */
export async function firstUsable(candidates: readonly string[]): Promise<string | null> {
  for (const candidate of candidates) {
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return null;
}

/** Builds packages of one module and puts each where it is wanted. Fails with Go's own words. */
export async function buildWithGo(targets: Readonly<Record<string, string>>): Promise<void> {
  const folder = path.join(cacheFolder(), `build-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await run('go', ['install', ...Object.keys(targets)], {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: '0', GOBIN: folder },
      maxBuffer: 64 * 2 ** 20,
    });
    for (const [source, target] of Object.entries(targets)) await rename(path.join(folder, programOf(source)), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Go names a program after the last part of its path. */
const programOf = (source: string): string => path.basename(source.split('@')[0] ?? source);
