/** Reading of armored OpenPGP certificates and private keys, with errors in the words of the field. */
import { enums, readKey, readPrivateKey } from 'openpgp';
import type { PartialConfig, PrivateKey, PublicKey } from 'openpgp';
import { StrongroomError } from '../../domain/errors.ts';
import type { Fingerprint } from '../../domain/ids.ts';
import { parseFingerprint } from '../../domain/ids.ts';

/** An OpenPGP private key as ASCII-armored bytes; whoever holds it overwrites them after use. */
export type ArmoredPrivateKey = Uint8Array;

/** Version 4 and nothing newer: GnuPG 2.2 has to read what comes out. */
export const READABLE_BY_GPG: PartialConfig = {
  v6Keys: false,
  aeadProtect: false,
  preferredHashAlgorithm: enums.hash.sha256,
  showVersion: false,
  showComment: false,
};

/** Certificates above this many characters are not read at all. */
const LONGEST_CERTIFICATE = 64 * 1024;

/** Reads one certificate. Fails with `E_CERTIFICATE_UNSUITABLE`, also for a private key in its place. */
export async function readCertificate(armored: string): Promise<PublicKey> {
  if (armored.length > LONGEST_CERTIFICATE) throw unsuitable(`It has more than ${LONGEST_CERTIFICATE} characters.`);
  const key = await readKey({ armoredKey: armored }).catch((error: unknown) => {
    throw unsuitable('It cannot be read as one OpenPGP certificate.', error);
  });
  if (key.isPrivate()) throw unsuitable('It is a private key, which must never leave its owner.');
  return key.toPublic();
}

/** Reads a private key that is not locked by a passphrase. Fails with `E_KEY_FILE`. */
export async function readOwnKey(armored: ArmoredPrivateKey): Promise<PrivateKey> {
  const armoredKey = Buffer.from(armored.buffer, armored.byteOffset, armored.length).toString('latin1');
  const key = await readPrivateKey({ armoredKey }).catch(() => {
    throw new StrongroomError('E_KEY_FILE', 'The private key of the certificate cannot be read.');
  });
  if (key.isDecrypted()) return key;
  throw new StrongroomError('E_KEY_FILE', 'The private key of the certificate is locked by a passphrase.');
}

export const fingerprintOf = (key: PublicKey): Fingerprint => parseFingerprint(key.getFingerprint());

export const unsuitable = (why: string, cause?: unknown): StrongroomError =>
  new StrongroomError('E_CERTIFICATE_UNSUITABLE', 'The certificate cannot be used.', {
    why,
    next: 'Make a new one with `strongroom certificate create`.',
    cause,
  });
