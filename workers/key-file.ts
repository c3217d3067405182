/** Private keys that a process makes at its first start, in a folder that only it reads. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The key in the file, or a new one of `make`. Of two processes that start together both get the same. */
export async function readOrMakeKey(folder: string, name: string, make: () => KeyObject): Promise<KeyObject> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, name);
  const there = await readIfThere(file);
  if (there) return createPrivateKey(there);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, make().export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flush: true });
  // Complete or absent, and never replaced.
  await link(draft, file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return createPrivateKey(await readFile(file));
}

async function readIfThere(file: string): Promise<Buffer | null> {
  return readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  });
}
