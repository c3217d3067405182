/** Whether a certificate may be trusted with a key, asked by whoever is about to wrap one. */
import { enums } from 'openpgp';
import type { PublicKey, SignaturePacket, User } from 'openpgp';
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Fingerprint } from '../domain/ids.ts';
import { onlyUser } from './openpgp/certificate-parts.ts';
import { fingerprintOf, readCertificate, unsuitable } from './openpgp/keys.ts';

export interface CertificateQuestion {
  /** The platform's authority, ASCII-armored. */
  readonly authority: string;
  readonly email: EmailAddress;
  readonly now: Date;
}

export interface CheckedCertificate {
  readonly fingerprint: Fingerprint;
  /** When it, or what the authority said about it, expires: the earlier; ISO 8601. `null` where neither does. */
  readonly expiresAt: string | null;
}

const LEAST_RSA_BITS = 2048;
const ACCEPTED_CURVES: ReadonlySet<string> = new Set([
  'ed25519Legacy',
  'curve25519Legacy',
  'nistP256',
  'nistP384',
  'nistP521',
]);

/**
 * Checks one certificate. Fails with `E_CERTIFICATE_UNSUITABLE` (not readable, weak, cannot encrypt),
 * `E_CERTIFICATE_REVOKED`, `E_CERTIFICATE_EXPIRED` or `E_CERTIFICATE_NOT_CERTIFIED`, and says why.
 */
export async function checkCertificate(armored: string, question: CertificateQuestion): Promise<CheckedCertificate> {
  const authority = await readCertificate(question.authority);
  return checkReadCertificate(await readCertificate(armored), { ...question, authority });
}

/** The same for certificates that were read before: what was verified of them once is not verified again. */
export async function checkReadCertificate(
  certificate: PublicKey,
  question: Omit<CertificateQuestion, 'authority'> & { readonly authority: PublicKey },
): Promise<CheckedCertificate> {
  const { authority } = question;
  refuseWeakKeys(certificate);
  const user = onlyUser(certificate, question.email);
  await refuseRevoked(certificate, question.now);
  const ownEnd = await refuseExpired(certificate, question.now);
  await expectEncryptionKey(certificate, question.now);
  const certified = await findCertification(certificate, user, authority, question.now);
  const ends = [ownEnd, certified.getExpirationTime()].map(Number).filter(Number.isFinite);
  return {
    fingerprint: fingerprintOf(certificate),
    expiresAt: ends.length > 0 ? new Date(Math.min(...ends)).toISOString() : null,
  };
}

function refuseWeakKeys(certificate: PublicKey): void {
  for (const key of certificate.getKeys()) {
    const { algorithm, bits, curve } = key.getAlgorithmInfo();
    if (algorithm.startsWith('rsa') && bits !== undefined && bits < LEAST_RSA_BITS) {
      throw unsuitable(`One of its keys is RSA with ${bits} bits; at least ${LEAST_RSA_BITS} are needed.`);
    }
    if (algorithm === 'dsa' || algorithm === 'elgamal') throw unsuitable('One of its keys is DSA or ElGamal.');
    if (curve !== undefined && !ACCEPTED_CURVES.has(curve))
      throw unsuitable(`One of its keys is on the curve ${curve}.`);
  }
}

async function refuseRevoked(certificate: PublicKey, now: Date): Promise<void> {
  if (!(await certificate.isRevoked(undefined, undefined, now))) return;
  throw new StrongroomError('E_CERTIFICATE_REVOKED', 'The certificate was revoked by its owner.');
}

/** Answers when the certificate expires. */
async function refuseExpired(certificate: PublicKey, now: Date): Promise<number> {
  if (certificate.getCreationTime() > now) {
    throw new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', 'The certificate is not valid yet.');
  }
  const expires = Number((await certificate.getExpirationTime().catch(() => null)) ?? 0);
  if (expires > now.getTime()) return expires;
  throw new StrongroomError('E_CERTIFICATE_EXPIRED', 'The certificate has expired.', {
    ...(expires > 0 && { why: `It expired at ${new Date(expires).toISOString()}.` }),
    next: 'Its owner makes a new one with `strongroom certificate create`.',
  });
}

async function expectEncryptionKey(certificate: PublicKey, now: Date): Promise<void> {
  await certificate.getEncryptionKey(undefined, now).catch((error: unknown) => {
    throw unsuitable('It has no valid key to encrypt to.', error);
  });
}

async function findCertification(
  certificate: PublicKey,
  user: User,
  authority: PublicKey,
  now: Date,
): Promise<SignaturePacket> {
  const issued = user.otherCertifications.filter((one) => one.issuerKeyID.equals(authority.getKeyID()));
  let problem: unknown;
  for (const certification of issued) {
    try {
      if (await user.isRevoked(certification, authority.keyPacket, now)) throw withdrawn();
      await certification.verify(
        authority.keyPacket,
        enums.signature.certGeneric,
        { key: certificate.keyPacket, userID: user.userID },
        now,
      );
      return certification;
    } catch (error) {
      problem = error;
    }
  }
  throw problem instanceof StrongroomError ? problem : notCertified(issued, now, problem);
}

const withdrawn = () =>
  new StrongroomError('E_CERTIFICATE_REVOKED', 'The platform no longer vouches for the certificate.');

function notCertified(issued: readonly SignaturePacket[], now: Date, cause: unknown): StrongroomError {
  const [one] = issued;
  if (one && Number(one.getExpirationTime()) <= now.getTime()) {
    return new StrongroomError(
      'E_CERTIFICATE_EXPIRED',
      'The platform vouched for the certificate for a time that is over.',
      {
        next: 'Its owner makes a new one with `strongroom certificate create`.',
      },
    );
  }
  const early = one?.created && one.created > now;
  return new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', 'The platform does not vouch for the certificate.', {
    why: early ? 'Its certification is not valid yet.' : "No valid signature of the platform's authority is on it.",
    cause,
  });
}
