/** A file that somebody sent, compared with what was announced. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';

export interface AnnouncedFile {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
}

/** Reads all of the file, and sees to it that it is on the disk. Fails with `E_DIGEST_MISMATCH`. */
export async function checkReceivedFile(path: string, announced: AnnouncedFile): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'r+');
  try {
    const content = file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 });
    for await (const chunk of content as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const sha256 = hash.digest('hex');
  if (sha256 === announced.sha256 && size === announced.size) return;
  throw new StrongroomError('E_DIGEST_MISMATCH', 'What arrived is not what was announced.', {
    why: `It has ${size} bytes and the SHA-256 ${sha256}; ${announced.size} bytes and ${announced.sha256} were announced.`,
    next: 'Upload it again. Nothing was kept.',
  });
}
