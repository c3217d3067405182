/** Makes a data folder out of a backup: all of it, checked, or nothing. */
import { chmod, chown, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { StrongroomError } from '../../domain/errors.ts';
import { copyFile } from './copy-entry.ts';
import { damaged, readManifest, type Manifest } from './manifest.ts';

export interface RestoreOptions {
  readonly backup: string;
  /** Must not exist yet, or be empty. */
  readonly dataFolder: string;
  readonly signal: AbortSignal;
}

/**
 * Fails with `E_FILE_NOT_FOUND`, `E_DIGEST_MISMATCH`, and with `E_OUTPUT_EXISTS` where the data folder has something in
 * it; nothing is left then.
 */
export async function restoreBackup({ backup, dataFolder, signal }: RestoreOptions): Promise<Manifest> {
  const manifest = await readManifest(backup);
  if ((await readdir(dataFolder).catch(() => [])).length > 0) {
    throw new StrongroomError('E_OUTPUT_EXISTS', `${dataFolder} is not empty.`, {
      next: 'Move it away, or set STRONGROOM_DATA to another folder.',
    });
  }
  const staging = `${dataFolder}.restoring-${process.pid}`;
  await mkdir(staging, { recursive: true, mode: 0o711 });
  try {
    await copyChecked(manifest, backup, staging, signal);
    await rmdir(dataFolder).catch(() => undefined);
    await rename(staging, dataFolder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  return manifest;
}

async function copyChecked({ entries }: Manifest, from: string, to: string, signal: AbortSignal): Promise<void> {
  const asRoot = process.getuid?.() === 0;
  for (const entry of entries) {
    signal.throwIfAborted();
    const target = path.join(to, entry.path);
    if (entry.file === null) {
      await mkdir(target, { mode: 0o700 });
      continue;
    }
    const copied = await copyFile(path.join(from, entry.path), target).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? damaged(`${entry.path} is missing.`) : error;
    });
    if (copied.sha256 !== entry.file.sha256) throw damaged(`${entry.path} was changed.`);
  }
  // Last, as a folder's own mode may keep us from filling it.
  for (const { path: name, mode, uid, gid } of entries) {
    if (asRoot) await chown(path.join(to, name), uid, gid);
    await chmod(path.join(to, name), mode);
  }
}
