/** Certification: the platform's authority, which only a worker holds, certifies a data owner's certificate. */
import type { Author } from '../../domain/audit.ts';
import type { EmailAddress, Fingerprint, Handle } from '../../domain/ids.ts';

export const CERTIFY_CERTIFICATE = 'certifyCertificate';
export const certifyCertificateWorkflowId = (fingerprint: Fingerprint): string => `certificate/${fingerprint}`;

export interface CertifyCertificateInput {
  readonly account: Handle;
  readonly accountId: string;
  readonly email: EmailAddress;
  /** The OpenPGP certificate, armored, as its holder made it. */
  readonly certificate: string;
  /** Detached signature, armored, over the challenge: proof that the holder has the private key. */
  readonly proof: string;
  readonly challenge: string;
  readonly author?: Author;
}

export interface CertifyCertificateResult {
  /** Armored, with the authority's certification. */
  readonly certificate: string;
  readonly fingerprint: Fingerprint;
  readonly expiresAt: string;
}
