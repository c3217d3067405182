/** Certification: proof of possession first, then the authority's signature, then the record. */
import { certify } from '../crypto/certificate-authority.ts';
import { checkCertificate } from '../crypto/certificate-check.ts';
import { checkPossession } from '../crypto/certificates.ts';
import { THE_PLATFORM, type Author } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Fingerprint } from '../domain/ids.ts';
import { actingAs } from '../storage/audit.ts';
import { insertCertificate } from '../storage/certificates.ts';
import type { Platform } from './platform.ts';

export interface CertificationRequest {
  readonly accountId: string;
  readonly email: EmailAddress;
  readonly certificate: string;
  readonly proof: string;
  readonly challenge: string;
  readonly author?: Author;
}

export interface CertificationActivities {
  certifyCertificate(request: CertificationRequest): Promise<{
    readonly certificate: string;
    readonly fingerprint: Fingerprint;
    readonly expiresAt: string;
  }>;
}

/** How long the authority vouches for an address; the certificate itself may end earlier. */
const CERTIFIED_DAYS = 366;

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

export function createCertificationActivities({ db, authority }: Platform): CertificationActivities {
  return {
    async certifyCertificate({ accountId, email, certificate, proof, challenge, author = THE_PLATFORM }) {
      await checkPossession(certificate, proof, challenge);
      const certified = await certify(authority.privateKey, certificate, { email, expires: inDays(CERTIFIED_DAYS) });
      const checked = await checkCertificate(certified, { authority: authority.certificate, email, now: new Date() });
      if (checked.expiresAt === null) {
        throw new StrongroomError('E_INVALID_REQUEST', 'A certificate must expire.', {
          next: 'Make one with an expiry: strongroom certificate create',
        });
      }
      const { fingerprint, expiresAt } = checked;
      const record = {
        accountId,
        email,
        fingerprint,
        certificate: certified,
        expiresAt,
        challenge,
      };
      await actingAs(author, () => db.transaction().execute((trx) => insertCertificate(trx, record)));
      return { certificate: certified, fingerprint, expiresAt };
    },
  };
}
