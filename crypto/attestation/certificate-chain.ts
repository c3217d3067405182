/** The chain from the certificate that signed a document to a root that the verifier brought along (RFC 5280 section 6). */
import { X509Certificate } from 'node:crypto';
// The certificate parser looks for it when it is loaded.
import 'reflect-metadata';
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } from '@peculiar/x509';
import { X509Certificate as ParsedCertificate } from '@peculiar/x509';
import type { TrustedRoot } from './roots.ts';

/** From the root to the certificate that signed the document. */
export type CertificateChain = readonly X509Certificate[];

/** What the checks here understand; any other critical extension is refused. */
const KNOWN_EXTENSIONS = new Set(['2.5.29.14', '2.5.29.15', '2.5.29.19', '2.5.29.35', '2.5.29.37']);

/** Reads DER certificates, the root first. Returns the reason where one cannot be read. */
export function readChain(certificates: readonly Uint8Array[]): CertificateChain | string {
  try {
    return certificates.map((der) => new X509Certificate(der));
  } catch {
    return 'A certificate of the chain cannot be read.';
  }
}

/** Why `chain` does not lead from one of `roots` to its last certificate, or null where it does. Times are not looked at. */
export function brokenChain(chain: CertificateChain, roots: readonly TrustedRoot[]): string | null {
  const [root] = chain;
  if (!root || !roots.some((trusted) => new X509Certificate(trusted.certificate).raw.equals(root.raw))) {
    return `It does not begin with a root that was pinned${root ? ` (SHA-256 ${fingerprintOf(root)})` : ''}.`;
  }
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[Math.max(0, index - 1)];
    const reason = issuer && brokenLink(certificate, issuer, chain.length - 1 - index);
    if (reason !== null) return `Certificate ${index + 1} of ${chain.length}: ${reason ?? 'it has no issuer'}.`;
  }
  return null;
}

/** Why one of the certificates does not hold at `at`, or null. */
export function outOfDate(chain: CertificateChain, at: Date): string | null {
  for (const [index, { validFromDate, validToDate }] of chain.entries()) {
    if (at < validFromDate || at > validToDate) {
      const span = `${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
      return `Certificate ${index + 1} of ${chain.length} holds from ${span}, not at ${at.toISOString()}.`;
    }
  }
  return null;
}

/** SHA-256 of the DER certificate in lower-case hexadecimal digits. */
export const fingerprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase();

/** `below` is how many certificates follow this one, the signing one included. */
function brokenLink(certificate: X509Certificate, issuer: X509Certificate, below: number): string | null {
  if (!certificate.checkIssued(issuer)) return 'it names another issuer than the certificate before it';
  if (!certificate.verify(issuer.publicKey)) return 'its signature is not that of the certificate before it';
  const parsed = new ParsedCertificate(new Uint8Array(certificate.raw));
  const unknown = parsed.extensions.find(({ critical, type }) => critical && !KNOWN_EXTENSIONS.has(type));
  if (unknown) return `its critical extension ${unknown.type} is not known`;
  return below === 0 ? unfitToSign(parsed) : unfitToIssue(parsed, below - 1);
}

function unfitToIssue(certificate: ParsedCertificate, authoritiesBelow: number): string | null {
  const constraints = certificate.getExtension(BasicConstraintsExtension);
  if (constraints?.ca !== true) return 'it may not issue certificates';
  if (constraints.pathLength !== undefined && constraints.pathLength < authoritiesBelow) {
    return 'more certificates follow it than it allows';
  }
  return usageOf(certificate, KeyUsageFlags.keyCertSign) ? null : 'its key may not sign certificates';
}

function unfitToSign(certificate: ParsedCertificate): string | null {
  if (certificate.getExtension(BasicConstraintsExtension)?.ca === true) return 'an authority may not sign documents';
  return usageOf(certificate, KeyUsageFlags.digitalSignature) ? null : 'its key may not sign documents';
}

const usageOf = (certificate: ParsedCertificate, usage: KeyUsageFlags): boolean =>
  ((certificate.getExtension(KeyUsagesExtension)?.usages ?? 0) & usage) !== 0;
