/** Files by the SHA-256 of their content, on disk. What is under a name never changes. */
import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';

export interface BlobStore {
  /** Bytes, or `null` where the blob is not there. */
  size(sha256: Sha256): Promise<number | null>;
  /** The blob from byte `start` to byte `end`, both included. */
  read(sha256: Sha256, start: number, end: number): ReadStream;
  /**
   * Takes a complete file into the store; `path` is gone afterwards, whatever happened. Fails with
   * `E_DIGEST_MISMATCH` where its content is not what was announced, and then keeps nothing.
   */
  adopt(path: string, expected: { readonly sha256: Sha256; readonly size: number }): Promise<void>;
  /** Forgets a blob, be it there or not. */
  remove(sha256: Sha256): Promise<void>;
}

/** A store in `folder`, which must be on the file system of the files that it adopts: they are moved, not copied. */
export function openBlobStore(folder: string): BlobStore {
  const pathOf = (sha256: Sha256) => join(folder, sha256.slice(0, 2), sha256);
  return {
    async size(sha256) {
      const found = await stat(pathOf(sha256)).catch(nullIfMissing);
      return found && found.size;
    },
    read: (sha256, start, end) => createReadStream(pathOf(sha256), { start, end }),
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
    async adopt(path, expected) {
      try {
        await checkContent(path, expected);
        const target = pathOf(expected.sha256);
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await rename(path, target);
        await syncFolder(dirname(target));
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

async function checkContent(path: string, expected: { readonly sha256: Sha256; readonly size: number }): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'r+');
  try {
    for await (const chunk of file.createReadStream({
      autoClose: false,
      highWaterMark: 1 << 20,
    }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const sha256 = hash.digest('hex');
  if (sha256 === expected.sha256 && size === expected.size) return;
  throw new StrongroomError('E_DIGEST_MISMATCH', 'What arrived is not what was announced.', {
    why: `It has ${size} bytes and the SHA-256 ${sha256}; ${expected.size} bytes and ${expected.sha256} were announced.`,
    next: 'Upload it again. Nothing was kept.',
  });
}

/** A rename is only certain to survive a power cut once the folder is written. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
