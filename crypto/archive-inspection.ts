/** What can be said about an archive without its key. */
import type { Sha256 } from '../domain/ids.ts';
import { Ciphertext } from './ciphertext.ts';
import { readAuthenticatedHeader, VERSION as AUTHENTICATED } from './openpgp/authenticated-data.ts';
import { ByteReader } from './openpgp/byte-reader.ts';
import type { MessageFormat } from './openpgp/message.ts';
import { readBody } from './openpgp/packet-body.ts';
import { readPreamble } from './openpgp/preamble.ts';
import type { Preamble } from './openpgp/preamble.ts';
import type { StringToKey } from './openpgp/string-to-key.ts';

export interface InspectedEncryption {
  readonly format: MessageFormat;
  /** For instance `AES-256`. */
  readonly cipher: string;
  /** How the key is derived from the key file, for instance `iterated and salted SHA-256, 65011712 bytes`. */
  readonly s2k: string;
  /** How changes are noticed, for instance `modification detection code (SHA-1)`. */
  readonly integrity: string;
  /** Bytes of ciphertext. */
  readonly size: number;
  /** Of the ciphertext. */
  readonly sha256: Sha256;
}

/**
 * Reads all of the archive, for its digest; whether it is whole only its key can tell. Fails with `E_NOT_AN_ARCHIVE`,
 * `E_UNPROTECTED`, `E_TRUNCATED` or `E_FILE_NOT_FOUND`.
 */
export async function inspectArchive(
  path: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<InspectedEncryption> {
  const ciphertext = await Ciphertext.open(path, { ...options, phase: 'inspect' });
  try {
    const message = new ByteReader(ciphertext.read());
    const preamble = await readPreamble(message);
    const protection = await describeProtection(message, preamble);
    const { sha256, size } = await ciphertext.end();
    const s2k = [...new Set(preamble.passphrasePackets.map((packet) => describeStringToKey(packet.stringToKey)))];
    return { ...protection, s2k: s2k.join('; '), size, sha256 };
  } finally {
    await ciphertext.close();
  }
}

async function describeProtection(
  message: ByteReader,
  preamble: Preamble,
): Promise<Pick<InspectedEncryption, 'format' | 'cipher' | 'integrity'>> {
  const body = new ByteReader(readBody(message, preamble.length));
  if ((await body.readByte()) === AUTHENTICATED) {
    const { cipher, mode } = await readAuthenticatedHeader(body);
    const integrity = `authenticated encryption (${mode.name.toUpperCase()})`;
    return { format: 'openpgp-aead', cipher: cipher.name.toUpperCase(), integrity };
  }
  const ciphers = [...new Set(preamble.passphrasePackets.map(({ cipher }) => cipher.name.toUpperCase()))];
  return { format: 'openpgp-cfb', cipher: ciphers.join('; '), integrity: 'modification detection code (SHA-1)' };
}

function describeStringToKey({ hash, salt, count }: StringToKey): string {
  const name = hash.toUpperCase().replace('SHA', 'SHA-');
  if (count > 0) return `iterated and salted ${name}, ${count} bytes`;
  return salt.length > 0 ? `salted ${name}` : `simple ${name}`;
}
