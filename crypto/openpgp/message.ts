/** A whole OpenPGP message (RFC 9580 section 10.3): a key under a passphrase, then the encrypted data, then nothing. */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import * as authenticated from './authenticated-data.ts';
import { ByteReader } from './byte-reader.ts';
import { AES256, findCipher } from './ciphers.ts';
import { readLiteral, writeLiteral } from './literal-data.ts';
import { readBody, writeInParts } from './packet-body.ts';
import { TAG } from './packet-header.ts';
import { readPreamble } from './preamble.ts';
import type { Preamble } from './preamble.ts';
import * as coded from './protected-data.ts';
import {
  openAuthenticatedPassphrasePacket,
  openPlainPassphrasePacket,
  writeAuthenticatedPassphrasePacket,
  writePlainPassphrasePacket,
} from './session-key.ts';
import type { SessionKey } from './session-key.ts';
import { STRONGEST_COUNT } from './string-to-key.ts';

/** `openpgp-cfb` opens with every gpg; `openpgp-aead` (RFC 9580) is faster and no gpg reads it. */
export type MessageFormat = 'openpgp-cfb' | 'openpgp-aead';

export interface WriteOptions {
  readonly format?: MessageFormat;
  /** The coded count of RFC 9580 section 3.7.1.3; the largest unless given. */
  readonly countOctet?: number;
}

/** The message that holds `content` for whoever has the key. Each piece of `content` need hold only until the next. */
export async function* writeMessage(
  content: AsyncIterable<Buffer>,
  key: Buffer,
  { format = 'openpgp-cfb', countOctet = STRONGEST_COUNT }: WriteOptions = {},
): AsyncGenerator<Buffer> {
  const cipher = findCipher(AES256);
  if (!cipher) throw new Error('AES-256 is missing.');
  const session = { cipher, key: randomBytes(cipher.keyBytes) };
  const packets = writeLiteral(content);
  try {
    if (format === 'openpgp-cfb') {
      yield writePlainPassphrasePacket(key, session.key, countOctet);
      yield* writeInParts(TAG.protected, coded.protect(packets, session));
    } else {
      yield writeAuthenticatedPassphrasePacket(key, session, countOctet);
      yield* writeInParts(TAG.protected, authenticated.seal(packets, session));
    }
  } finally {
    session.key.fill(0);
  }
}

/**
 * The content of the message, while it is decrypted. None of it may be released before the generator has ended: only
 * then is it known that nothing was changed, cut off or added. Fails with `E_WRONG_KEY` before the first byte, and with
 * `E_DAMAGED`, `E_TRUNCATED`, `E_TRAILING_DATA`, `E_UNPROTECTED`, `E_TOO_LARGE` or `E_NOT_AN_ARCHIVE`.
 */
export async function* readMessage(
  message: AsyncIterable<Buffer>,
  key: Buffer,
  mostBytes: number,
): AsyncGenerator<Buffer> {
  const outer = new ByteReader(message);
  try {
    const preamble = await readPreamble(outer);
    const packets = await decryptData(new ByteReader(readBody(outer, preamble.length)), preamble, key);
    yield* readContent(packets, mostBytes);
    if ((await outer.readByteOrEnd()) !== null) throw trailing();
  } finally {
    await outer.close();
  }
}

async function* readContent(packets: AsyncGenerator<Buffer>, mostBytes: number): AsyncGenerator<Buffer> {
  try {
    yield* readLiteral(new ByteReader(packets, unfinished), mostBytes);
  } catch (error) {
    // Whether the message is strange or only damaged is known at its end, unless it is too large to go there.
    if (!(error instanceof StrongroomError && error.code === 'E_TOO_LARGE')) for await (const _ of packets);
    throw error;
  } finally {
    await packets.return(undefined);
  }
}

async function decryptData(body: ByteReader, preamble: Preamble, key: Buffer): Promise<AsyncGenerator<Buffer>> {
  const version = await body.readByte();
  switch (version) {
    case coded.VERSION: {
      const prefix = await coded.readPrefix(body);
      return coded.unprotect(prefix, body, findSession(preamble, key, prefix));
    }
    case authenticated.VERSION: {
      const header = await authenticated.readAuthenticatedHeader(body);
      return authenticated.unseal(header, body, findAuthenticatedKey(preamble, key));
    }
    default:
      throw new StrongroomError('E_NOT_AN_ARCHIVE', `The archive is encrypted in version ${version} of the format.`, {
        why: 'Versions 1 and 2 are supported.',
      });
  }
}

function findSession(preamble: Preamble, key: Buffer, prefix: Buffer): SessionKey {
  for (const packet of preamble.passphrasePackets) {
    const session = packet.version === 4 ? openPlainPassphrasePacket(packet, key) : null;
    if (session && coded.opensPrefix(prefix, session)) return session;
    session?.key.fill(0);
  }
  throw wrongKey();
}

function findAuthenticatedKey(preamble: Preamble, key: Buffer): Buffer {
  for (const packet of preamble.passphrasePackets) {
    const session = packet.version === 6 ? openAuthenticatedPassphrasePacket(packet, key) : null;
    if (session) return session;
  }
  throw wrongKey();
}

const wrongKey = () =>
  new StrongroomError('E_WRONG_KEY', 'The key does not open the archive.', {
    why: 'It is the key of another archive, or the very beginning of the archive is damaged.',
    next: 'Compare the SHA-256 of the archive with the registered one, and take the key that it was encrypted with.',
  });

const unfinished = () => new StrongroomError('E_NOT_AN_ARCHIVE', 'What the archive holds is not well formed.');

const trailing = () =>
  new StrongroomError('E_TRAILING_DATA', 'Something follows the end of the archive.', {
    why: 'An archive is one message and nothing else.',
    next: 'Nothing of it was released. Fetch it again.',
  });
