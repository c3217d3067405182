/** The keys behind software attestation: an offline root, a host for days, an attestor for three hours. */
import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { TrustedRoot } from './roots.ts';

/** A certificate in DER with its private key, and those above it, the root first. */
export interface CertifiedKey {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
  readonly chain: readonly Uint8Array[];
}

export const ROOT_SECONDS = 10 * 365 * 86_400;
export const HOST_SECONDS = 14 * 86_400;
export const ATTESTOR_SECONDS = 3 * 3600;
/** Clocks differ: a certificate holds from a little before it is made. */
const BACKDATED_MS = 60_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } as const;

/** Makes the root, whose private key belongs on a machine without network. */
export const createSoftwareRoot = (now: Date): Promise<CertifiedKey> =>
  certify({ name: 'CN=Strongroom software attestation root', now, seconds: ROOT_SECONDS, pathLength: 1 }, null);

/** Certifies a new key for a host; the root does it by hand, every few days. */
export const createHostKey = (root: CertifiedKey, now: Date): Promise<CertifiedKey> =>
  certify({ name: 'CN=Strongroom host', now, seconds: HOST_SECONDS, pathLength: 0 }, root);

/** Certifies a new key that signs documents for three hours; the attestor process does it by itself. */
export const createAttestorKey = (host: CertifiedKey, now: Date): Promise<CertifiedKey> =>
  certify({ name: 'CN=Strongroom software attestor', now, seconds: ATTESTOR_SECONDS, pathLength: null }, host);

/** What clients pin: the public half of `root`. */
export const trustedSoftwareRoot = (root: Pick<CertifiedKey, 'certificate'>): TrustedRoot => ({
  tee: 'software',
  certificate: new X509Certificate(new Uint8Array(root.certificate)).toString('pem'),
});

interface Wanted {
  readonly name: string;
  readonly now: Date;
  readonly seconds: number;
  /** How many authorities may follow; null for a key that signs documents. */
  readonly pathLength: number | null;
}

async function certify(wanted: Wanted, issuer: CertifiedKey | null): Promise<CertifiedKey> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  const signer = issuer?.privateKey ?? pair.privateKey;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: wanted.name,
    issuer: issuer ? new X509Certificate(new Uint8Array(issuer.certificate)).subjectName : wanted.name,
    notBefore: new Date(wanted.now.getTime() - BACKDATED_MS),
    notAfter: new Date(wanted.now.getTime() + wanted.seconds * 1000),
    publicKey: await webKey(pair.publicKey, 'verify'),
    signingKey: await webKey(signer, 'sign'),
    signingAlgorithm: ALGORITHM,
    extensions: extensionsFor(wanted.pathLength),
  });
  const chain = issuer ? [...issuer.chain, issuer.certificate] : [];
  return { certificate: new Uint8Array(certificate.rawData), privateKey: pair.privateKey, chain };
}

const extensionsFor = (pathLength: number | null) =>
  pathLength === null
    ? [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ]
    : [new BasicConstraintsExtension(true, pathLength, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)];

function webKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const format = usage === 'sign' ? 'pkcs8' : 'spki';
  const der = key.export({ format: 'der', type: format });
  return webcrypto.subtle.importKey(format, der, ALGORITHM, usage === 'verify', [usage]);
}
