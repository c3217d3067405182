/** Files that only their owner may read: written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Makes a folder that only its owner may enter; an existing one is closed to others. */
export async function makePrivateFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  return folder;
}

/** Writes beside the file, syncs, and renames; the file has mode 0600. A reader sees the old content or the new. */
export async function writePrivateFile(file: string, content: string | Buffer): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomBytes(6).toString('hex')}.partial`;
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

/** Whether anything is there. */
export const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** The content of a file, or `null` where there is none. */
export async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The parsed content of a JSON file of ours, or `fallback` where there is none. */
export async function readJsonFile<T>(file: string, fallback: T): Promise<T> {
  const content = await readIfThere(file);
  return content === null ? fallback : (JSON.parse(content.toString('utf8')) as T);
}

export const writeJsonFile = (file: string, value: unknown): Promise<void> =>
  writePrivateFile(file, `${JSON.stringify(value, null, 2)}\n`);
