/** Certificates of people: made on their machine, and proved to be theirs. */
import { createMessage, generateKey, readSignature, sign, verify } from 'openpgp';
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Fingerprint, Handle } from '../domain/ids.ts';
import { fingerprintOf, READABLE_BY_GPG, readCertificate, readOwnKey } from './openpgp/keys.ts';
import type { ArmoredPrivateKey } from './openpgp/keys.ts';

const SECONDS_A_DAY = 86_400;
/** What is signed as a proof says so: a proof is no other signature, and no other signature is a proof. */
const PROOF_CONTEXT = 'Strongroom: proof of possession of a certificate, version 1';

export interface NewCertificate {
  readonly handle: Handle;
  readonly email: EmailAddress;
  readonly expiresInDays: number;
}

export interface CreatedCertificate {
  /** ASCII-armored; public. */
  readonly certificate: string;
  /** ASCII-armored; whoever asked for it keeps it in a file of mode 0600 and overwrites these bytes. */
  readonly privateKey: Buffer;
  readonly fingerprint: Fingerprint;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * Makes a key pair of OpenPGP version 4 (EdDSA to sign, ECDH on Curve25519 to decrypt, as GnuPG 2.2 reads them) for the
 * user `handle <email>`.
 */
export async function createCertificate(request: NewCertificate): Promise<CreatedCertificate> {
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: [{ name: request.handle, email: request.email }],
    keyExpirationTime: request.expiresInDays * SECONDS_A_DAY,
    format: 'object',
    config: READABLE_BY_GPG,
  });
  const expiresAt = new Date(publicKey.getCreationTime().getTime() + request.expiresInDays * SECONDS_A_DAY * 1000);
  return {
    certificate: publicKey.armor(),
    privateKey: Buffer.from(privateKey.armor(), 'latin1'),
    fingerprint: fingerprintOf(publicKey),
    expiresAt: expiresAt.toISOString(),
  };
}

/** Signs the challenge: whoever has the certificate can check that this came from the holder of its private key. */
export async function provePossession(privateKey: ArmoredPrivateKey, challenge: string): Promise<string> {
  const signingKeys = await readOwnKey(privateKey);
  const message = await createMessage({ binary: proofContent(challenge) });
  return (await sign({ message, signingKeys, detached: true, config: READABLE_BY_GPG })) as string;
}

/** Fails with `E_CERTIFICATE_NOT_CERTIFIED` unless `proof` is what `provePossession` makes of this very challenge. */
export async function checkPossession(certificate: string, proof: string, challenge: string): Promise<void> {
  const verificationKeys = await readCertificate(certificate);
  try {
    const message = await createMessage({ binary: proofContent(challenge) });
    const signature = await readSignature({ armoredSignature: proof });
    const { signatures } = await verify({ message, signature, verificationKeys, expectSigned: true });
    if (signatures.length !== 1) throw new Error('There must be one signature.');
  } catch (cause) {
    throw new StrongroomError('E_CERTIFICATE_NOT_CERTIFIED', 'The proof does not belong to the certificate.', {
      why: 'It was not signed with the private key of the certificate, or for another challenge.',
      next: 'Ask for a new challenge and sign it with the private key of this certificate.',
      cause,
    });
  }
}

const proofContent = (challenge: string): Uint8Array => Buffer.from(`${PROOF_CONTEXT}\n${challenge}\n`, 'utf8');
