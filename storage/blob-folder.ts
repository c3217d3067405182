/** Blobs on the disk. */
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Sha256 } from '../domain/ids.ts';
import type { BlobStore } from './blob-store.ts';
import { checkReceivedFile } from './received-file.ts';

/** A store in `folder`, which must be on the file system of the files that it adopts: they are moved, not copied. */
export function openBlobFolder(folder: string): BlobStore {
  const pathOf = (sha256: Sha256) => join(folder, sha256.slice(0, 2), sha256);
  return {
    async size(sha256) {
      const found = await stat(pathOf(sha256)).catch(nullIfMissing);
      return found && found.size;
    },
    read: (sha256, start, end) => Promise.resolve(createReadStream(pathOf(sha256), { start, end })),
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
    async adopt(path, announced) {
      try {
        const sha256 = await checkReceivedFile(path, announced);
        const target = pathOf(sha256);
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await rename(path, target);
        await syncFolder(dirname(target));
        return sha256;
      } finally {
        await rm(path, { force: true });
      }
    },
  };
}

const nullIfMissing = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null;
  throw error;
};

/** A rename is only certain to survive a power cut once the folder is written. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
