/** A file that somebody sent, compared with what was announced. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import { parseSha256 } from '../domain/ids.ts';

export interface AnnouncedFile {
  /** `null` where the file was sent before its digest was known. */
  readonly sha256: Sha256 | null;
  /** Bytes. */
  readonly size: number;
}

/** The digest of the file, all of which is on the disk then. Fails with `E_DIGEST_MISMATCH`. */
export async function checkReceivedFile(path: string, announced: AnnouncedFile): Promise<Sha256> {
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
  const sha256 = parseSha256(hash.digest('hex'));
  const expected = announced.sha256 ?? sha256;
  if (sha256 === expected && size === announced.size) return sha256;
  throw new StrongroomError('E_DIGEST_MISMATCH', 'What arrived is not what was announced.', {
    why: `It has ${size} bytes and the SHA-256 ${sha256}; ${announced.size} bytes and ${expected} were announced.`,
    next: 'Upload it again. Nothing was kept.',
  });
}
