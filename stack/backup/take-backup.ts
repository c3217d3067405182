/** Copies all that the embedded platform keeps. The database and Temporal must be at rest, and from the same moment. */
import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { StrongroomError } from '../../domain/errors.ts';
import { copyFile } from './copy-entry.ts';
import { writeManifest, type Entry } from './manifest.ts';

/** What never changes under its name may be copied while the platform runs. */
const LASTING = ['blobs'];
const AT_REST = ['postgres', 'temporal', 'authority', 'api', 'uploads', 'outbox', 'config.yaml'];

export interface Backup {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

export interface BackupOptions {
  readonly dataFolder: string;
  /** Must not exist yet. */
  readonly target: string;
  /** Called when all that can be copied before is; resolves when the platform is at rest. */
  readonly toRest: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Fails with `E_FILE_NOT_FOUND` and `E_OUTPUT_EXISTS`, and then and on any other failure leaves no half backup behind. */
export async function takeBackup({ dataFolder, target, toRest, signal }: BackupOptions): Promise<Backup> {
  if ((await lstat(path.join(dataFolder, 'postgres')).catch(() => null)) === null) {
    throw new StrongroomError('E_FILE_NOT_FOUND', `There is no platform in ${dataFolder}.`, {
      next: 'Set STRONGROOM_DATA to its data folder.',
    });
  }
  await mkdir(path.dirname(target), { recursive: true });
  await mkdir(target, { mode: 0o700 }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new StrongroomError('E_OUTPUT_EXISTS', `${target} is there already.`, { next: 'Name a new folder.' });
  });
  const entries = new Map<string, Entry>();
  const copy = (names: readonly string[]) => copyAll(names, { dataFolder, target, signal, entries });
  try {
    await copy(LASTING);
    await toRest();
    const takenAt = new Date().toISOString();
    // Once more, for what came meanwhile.
    await copy([...LASTING, ...AT_REST]);
    await writeManifest(target, takenAt, [...entries.values()]);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw error;
  }
  const files = [...entries.values()].flatMap(({ file }) => file ?? []);
  return { folder: target, files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

interface Job {
  readonly dataFolder: string;
  readonly target: string;
  readonly signal: AbortSignal;
  /** By path; what is in it is copied already. */
  readonly entries: Map<string, Entry>;
}

async function copyAll(names: readonly string[], job: Job): Promise<void> {
  for (const name of names) {
    job.signal.throwIfAborted();
    const about = await lstat(path.join(job.dataFolder, name)).catch(() => null);
    if (about === null) continue;
    const { uid, gid } = about;
    const known = { path: name, mode: about.mode & 0o7777, uid, gid };
    const to = path.join(job.target, name);
    if (about.isDirectory()) {
      await mkdir(to, { recursive: true, mode: 0o700 });
      job.entries.set(name, { ...known, file: null });
      const inside = await readdir(path.join(job.dataFolder, name));
      await copyAll(
        inside.map((child) => path.join(name, child)),
        job,
      );
    } else if (about.isFile() && !job.entries.has(name)) {
      job.entries.set(name, { ...known, file: await copyFile(path.join(job.dataFolder, name), to) });
    }
  }
}
