/** The platform's authority: it says whose address a certificate belongs to, by a signature over its user ID. */
import { config as openpgpConfig, enums, generateKey, SignaturePacket } from 'openpgp';
import type { AnySecretKeyPacket, Config, PublicKey, User } from 'openpgp';
import type { EmailAddress, Fingerprint } from '../domain/ids.ts';
import { onlyUser } from './openpgp/certificate-parts.ts';
import { fingerprintOf, READABLE_BY_GPG, readCertificate, readOwnKey } from './openpgp/keys.ts';
import type { ArmoredPrivateKey } from './openpgp/keys.ts';

export interface Authority {
  /** ASCII-armored; everyone who checks certificates has it. */
  readonly certificate: string;
  /** ASCII-armored; only on the platform's worker, in a file of mode 0600. */
  readonly privateKey: Buffer;
  readonly fingerprint: Fingerprint;
}

/** Makes an authority that does not expire. */
export async function createAuthority(name = 'Strongroom certificate authority'): Promise<Authority> {
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [{ name }],
    format: 'object',
    config: READABLE_BY_GPG,
  });
  return {
    certificate: publicKey.armor(),
    privateKey: Buffer.from(privateKey.armor(), 'latin1'),
    fingerprint: fingerprintOf(publicKey),
  };
}

export interface Certification {
  /** The verified address: it must be the one in the certificate. */
  readonly email: EmailAddress;
  /** Until when the authority vouches; ISO 8601. */
  readonly expires: string;
  /** From when on; now unless given. */
  readonly now?: Date;
}

/**
 * The certificate with the authority's signature over its user ID. Fails with `E_CERTIFICATE_UNSUITABLE` or
 * `E_CERTIFICATE_NOT_CERTIFIED` where it does not have this one address.
 */
export async function certify(
  authorityKey: ArmoredPrivateKey,
  certificate: string,
  certification: Certification,
): Promise<string> {
  const authority = await readOwnKey(authorityKey);
  const key = await readCertificate(certificate);
  const user = onlyUser(key, certification.email);
  const from = certification.now ?? new Date();
  const signature = newCertification(authority.keyPacket.algorithm, certification, from);
  await signCertification(signature, authority.keyPacket as AnySecretKeyPacket, key, user, from);
  user.otherCertifications.push(signature);
  return key.armor();
}

function newCertification(algorithm: enums.publicKey | null, { expires }: Certification, from: Date): SignaturePacket {
  const signature = new SignaturePacket();
  signature.signatureType = enums.signature.certPositive;
  signature.publicKeyAlgorithm = algorithm;
  signature.hashAlgorithm = enums.hash.sha256;
  signature.signatureNeverExpires = false;
  signature.signatureExpirationTime = Math.floor((Date.parse(expires) - from.getTime()) / 1000);
  return signature;
}

/** The library's own types leave out the last parameter, which it needs. */
type Sign = (key: AnySecretKeyPacket, data: object, date: Date, detached: boolean, config: Config) => Promise<void>;

function signCertification(
  signature: SignaturePacket,
  signer: AnySecretKeyPacket,
  key: PublicKey,
  user: User,
  from: Date,
) {
  const sign = signature.sign.bind(signature) as Sign;
  return sign(signer, { key: key.keyPacket, userID: user.userID }, from, false, {
    ...openpgpConfig,
    ...READABLE_BY_GPG,
  });
}
