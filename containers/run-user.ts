/** Which user a container runs as, and whether that user can read what it is given. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stats } from 'node:fs';
import { StrongroomError } from '../domain/errors.ts';

export interface RunUser {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: RunUser = { uid: 65534, gid: 65534 };

/**
 * Never root: this process's own user or, where that is root, the owner of the first input that has another one, and
 * else nobody.
 */
export async function chooseUser(inputs: readonly string[]): Promise<RunUser> {
  const own = { uid: process.getuid?.() ?? NOBODY.uid, gid: process.getgid?.() ?? NOBODY.gid };
  if (own.uid !== 0) return own;
  for (const input of inputs) {
    const { uid, gid } = await lstat(input);
    if (uid !== 0) return { uid, gid: gid === 0 ? NOBODY.gid : gid };
  }
  return NOBODY;
}

const READ = 0o4;
const SEARCH = 0o1;

/** Fails with `E_DATASET_UNREADABLE` where `user` cannot read the input or something in it, and says how to mend it. */
export async function checkReadable(input: string, user: RunUser): Promise<void> {
  const top = await lstat(input);
  await checkTree(input, top, { input, user, device: top.dev });
}

interface Check {
  readonly input: string;
  readonly user: RunUser;
  /** Another device below the input is something that was mounted there, which a container could then write. */
  readonly device: number;
}

async function checkTree(path: string, stats: Stats, check: Check): Promise<void> {
  if (stats.isSymbolicLink()) return;
  if (stats.dev !== check.device) {
    throw new StrongroomError('E_DATASET_UNREADABLE', `Another file system is mounted at ${path}.`, {
      next: `Unmount it, or copy its files into ${check.input}.`,
    });
  }
  const needed = stats.isDirectory() ? READ | SEARCH : READ;
  if ((permissionsOf(stats, check.user) & needed) !== needed) {
    throw new StrongroomError('E_DATASET_UNREADABLE', `The container could not read ${path}.`, {
      why: `It runs as user ${check.user.uid}, never as root.`,
      next: `Run: chmod -R a+rX ${check.input}`,
    });
  }
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path)) await checkTree(join(path, name), await lstat(join(path, name)), check);
}

function permissionsOf(stats: Stats, user: RunUser): number {
  if (stats.uid === user.uid) return (stats.mode >> 6) & 0o7;
  if (stats.gid === user.gid) return (stats.mode >> 3) & 0o7;
  return stats.mode & 0o7;
}
