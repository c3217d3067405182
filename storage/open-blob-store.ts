/** Where blobs are kept: on the disk, or in a bucket. */
import { openBlobFolder } from './blob-folder.ts';
import type { BlobStore } from './blob-store.ts';

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
