/** A grant is a model key wrapped to one certificate, for one container in one benchmark. */
import type { BenchmarkName, ContainerRef, EmailAddress, Fingerprint, Handle, Sha256 } from './ids.ts';

/** What a wrapped key is bound to. It opens only where all of this matches. */
export interface GrantBinding {
  readonly container: ContainerRef;
  /** Digest of the encrypted archive that the key opens. */
  readonly archive: Sha256;
  readonly benchmark: BenchmarkName;
  readonly recipient: Fingerprint;
  /** ISO 8601; `null` for a grant that ends only by revocation. */
  readonly expiresAt: string | null;
}

/** Why a grant ended that was replaced by one of the container's new key. */
export const ROTATED = 'rotated';

export type GrantOrigin = 'manual' | 'auto';

/** One line of `access list`. */
export interface AccessEntry {
  readonly account: Handle;
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
  readonly origin: GrantOrigin;
  readonly grantedAt: string;
  readonly expiresAt: string | null;
  readonly lastFetchedAt: string | null;
  readonly state: 'valid' | 'revoked' | 'expired';
  readonly revokedAt: string | null;
  readonly reason: string | null;
}

/** How often auto-grant looks for new certificates, in seconds: its bounds and its default. */
export const AUTO_GRANT_SECONDS = { least: 5, most: 86_400, usual: 900 } as const;
