/** What can be said about an archive without its key. */
import { Ciphertext } from './ciphertext.ts';
import type { Sha256 } from '../domain/ids.ts';
import { ByteReader } from './openpgp/byte-reader.ts';
import { cipherName } from './openpgp/ciphers.ts';
import { readPreamble } from './openpgp/preamble.ts';

export interface InspectedEncryption {
  readonly format: 'openpgp-cfb' | 'openpgp-aead';
  /** For instance `AES-256`. */
  readonly cipher: string;
  /** How the key is derived from the key file, for instance `iterated SHA-256, 65011712 bytes`. */
  readonly s2k: string;
  /** How changes are noticed, for instance `SHA-1 modification detection code`. */
  readonly integrity: string;
  /** Bytes of ciphertext. */
  readonly size: number;
  /** Of the ciphertext. */
  readonly sha256: Sha256;
}

/** Reads all of the archive, for its digest. Fails with `E_NOT_AN_ARCHIVE`, `E_UNPROTECTED` or `E_TRUNCATED`. */
export async function inspectArchive(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<InspectedEncryption> {
  const ciphertext = await Ciphertext.open(path, { ...options, phase: 'inspect' });
  try {
    const { passphrasePackets } = await readPreamble(new ByteReader(ciphertext.read()));
    const [first] = passphrasePackets;
    const { sha256, size } = await ciphertext.end();
    return {
      format: 'openpgp-cfb',
      cipher: first?.cipher.name.toUpperCase() ?? cipherName(0),
      s2k: first ? describe(first.stringToKey) : 'none',
      integrity: 'SHA-1 modification detection code',
      size,
      sha256,
    };
  } finally {
    await ciphertext.close();
  }
}

function describe({ hash, salt, count }: { hash: string; salt: Buffer; count: number }): string {
  const name = hash.replace('sha', 'SHA-').toUpperCase();
  if (count > 0) return `iterated and salted ${name}, ${count} bytes`;
  return salt.length > 0 ? `salted ${name}` : `simple ${name}`;
}
