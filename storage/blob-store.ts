/** Files by the SHA-256 of their content. What is under a name never changes. */
import type { Readable } from 'node:stream';
import type { Sha256 } from '../domain/ids.ts';
import { openBlobFolder } from './blob-folder.ts';
import type { AnnouncedFile } from './received-file.ts';

export interface BlobStore {
  /** Bytes, or `null` where the blob is not there. */
  size(sha256: Sha256): Promise<number | null>;
  /** The blob from byte `start` to byte `end`, both included. */
  read(sha256: Sha256, start: number, end: number): Promise<Readable>;
  /**
   * Takes a complete file into the store, and answers with its digest; `path` is gone afterwards, whatever happened.
   * Fails with `E_DIGEST_MISMATCH` where its content is not what was announced, and then keeps nothing.
   */
  adopt(path: string, announced: AnnouncedFile): Promise<Sha256>;
  /** Forgets a blob, be it there or not. */
  remove(sha256: Sha256): Promise<void>;
}

export interface BlobPlace {
  /** Where blobs lie on the disk: on the file system of the files that are adopted, which are moved. */
  readonly folder: string;
  /** A bucket instead, as `https://ENDPOINT/BUCKET?region=REGION`. */
  readonly s3Url: string | null;
}

/** The store that is configured. Fails with `E_CONFIG` for an address that names no bucket. */
export async function openBlobStore({ folder, s3Url }: BlobPlace): Promise<BlobStore> {
  if (s3Url === null) return openBlobFolder(folder);
  const { openBucket } = await import('./blob-bucket.ts');
  return openBucket(s3Url);
}
