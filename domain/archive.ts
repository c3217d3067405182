/** The encrypted archive of a container, as it is hosted and as it is registered. */
import type { ImageDigest, Sha256 } from './ids.ts';

export interface HostedArchive {
  readonly url: string;
  /** Of the ciphertext. */
  readonly sha256: Sha256;
  /** Bytes of ciphertext. */
  readonly size: number;
}

/** What must be true of an archive before a byte of its plaintext is released. */
export interface ArchiveExpectation {
  readonly sha256: Sha256;
  readonly size: number;
  /** Bytes after decryption; decompression stops there. */
  readonly plaintextSize: number;
  readonly imageDigest: ImageDigest;
}
