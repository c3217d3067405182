/** The name under which a process takes work from Temporal, and that of the one before it, where that one was killed. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { readJsonFile, writeJsonFile } from '../client/private-files.ts';
import { isAlive } from '../stack/process-alive.ts';

export interface WorkerIdentity {
  readonly identity: string;
  /** Whose work nobody is at any more; `null` where the one before ended in good order, or may still live. */
  readonly killed: string | null;
  /** At an end in good order, with no work in hand. */
  readonly forget: () => Promise<void>;
}

interface Kept {
  readonly identity: string;
  readonly host: string;
  readonly pid: number;
}

/** Keeps the identity of this process in `file` for the next one. */
export async function takeIdentity(file: string): Promise<WorkerIdentity> {
  const before = await readJsonFile<Kept | null>(file, null);
  const [host, { pid }] = [hostname(), process];
  // A process id is used again: the identity must not be.
  const identity = `${pid}@${host}/${randomBytes(6).toString('hex')}`;
  await writeJsonFile(file, { identity, host, pid } satisfies Kept);
  return {
    identity,
    killed: before !== null && isDead(before, host) ? before.identity : null,
    forget: () => rm(file, { force: true }),
  };
}

/** Of processes on other hosts nothing is known: a folder may be shared with them. */
function isDead({ host, pid }: Kept, here: string): boolean {
  if (host !== here) return false;
  return pid === process.pid || !isAlive(pid);
}
