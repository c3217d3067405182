/** Files by the SHA-256 of their content. What is under a name never changes. */
import type { Readable } from 'node:stream';
import type { Sha256 } from '../domain/ids.ts';
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
