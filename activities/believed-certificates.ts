/** Certificates of others: certified by the platform's authority, and the same as when they were first seen. */
import { checkCertificate } from '../crypto/certificate-check.ts';
import { parseEmailAddress, parseFingerprint } from '../domain/ids.ts';
import type { Party, SignedIn } from './party.ts';

interface HeldCertificate {
  readonly email: string;
  readonly certificate: string;
}

/**
 * Answers the fingerprint of a certificate that may be believed. Fails with `E_CERTIFICATE_NOT_CERTIFIED`,
 * `E_CERTIFICATE_EXPIRED`, `E_CERTIFICATE_REVOKED` or `E_CERTIFICATE_CHANGED`.
 */
export async function holdCertificate(party: Party, { session, platform }: SignedIn, held: HeldCertificate) {
  const authority = await platform.readAuthority();
  const pins = party.home.pins(session);
  await pins.holdAuthority(parseFingerprint(authority.fingerprint));
  const email = parseEmailAddress(held.email);
  const { fingerprint } = await checkCertificate(held.certificate, {
    authority: authority.certificate,
    email,
    now: new Date(),
  });
  await pins.holdHolder(email, fingerprint);
  return fingerprint;
}
