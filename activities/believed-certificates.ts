/** Certificates of others: certified by the platform's authority, and the same as when they were first seen. */
import { checkCertificate } from '../crypto/certificate-check.ts';
import { fingerprintOf, readCertificate } from '../crypto/openpgp/keys.ts';
import { parseEmailAddress } from '../domain/ids.ts';
import type { Party, SignedIn } from './party.ts';

interface HeldCertificate {
  readonly email: string;
  readonly certificate: string;
}

/**
 * Answers the fingerprint of a certificate that may be believed. Fails with `E_CERTIFICATE_NOT_CERTIFIED`,
 * `E_CERTIFICATE_EXPIRED`, `E_CERTIFICATE_REVOKED` or `E_CERTIFICATE_CHANGED`.
 */
export async function holdCertificate(party: Party, caller: SignedIn, held: HeldCertificate) {
  const authority = await holdAuthority(party, caller);
  const email = parseEmailAddress(held.email);
  const { fingerprint } = await checkCertificate(held.certificate, { authority, email, now: new Date() });
  await party.home.pins(caller.session).holdHolder(email, fingerprint);
  return fingerprint;
}

/** The platform's authority, armored: the same as ever. Fails with `E_CERTIFICATE_NOT_CERTIFIED` where it changed. */
export async function holdAuthority(party: Party, { session, platform }: SignedIn): Promise<string> {
  const { certificate } = await platform.readAuthority();
  // Of the certificate itself: what the platform says beside it proves nothing.
  await party.home.pins(session).holdAuthority(fingerprintOf(await readCertificate(certificate)));
  return certificate;
}
