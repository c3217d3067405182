/** A whole OpenPGP message (RFC 9580 section 10.3): a key under a passphrase, then the encrypted data, then nothing. */
import { randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { ByteReader } from './byte-reader.ts';
import { AES256, findCipher } from './ciphers.ts';
import { readLiteral, writeLiteral } from './literal-data.ts';
import { readBody, writeInParts } from './packet-body.ts';
import type { BodyLength } from './packet-header.ts';
import { TAG } from './packet-header.ts';
import { readPreamble } from './preamble.ts';
import type { Preamble } from './preamble.ts';
import { opensPrefix, protect, readPrefix, unprotect, VERSION } from './protected-data.ts';
import { openPassphrasePacket, writePassphrasePacket } from './session-key.ts';
import type { SessionKey } from './session-key.ts';
import { STRONGEST_COUNT } from './string-to-key.ts';

/** 2^18 bytes a part: large enough that the headers cost nothing, small enough for the processor's cache. */
const PART_POWER = 18;

export interface WriteOptions {
  /** The coded count of RFC 9580 section 3.7.1.3; the largest unless given. */
  readonly countOctet?: number;
}

/** The message that holds `content` for whoever has the key. */
export async function* writeMessage(
  content: AsyncIterable<Buffer>,
  key: Buffer,
  options: WriteOptions = {},
): AsyncGenerator<Buffer> {
  const cipher = findCipher(AES256);
  if (!cipher) throw new Error('AES-256 is missing.');
  const session = { cipher, key: randomBytes(cipher.keyBytes) };
  try {
    yield writePassphrasePacket(key, session.key, options.countOctet ?? STRONGEST_COUNT);
    yield* writeInParts(TAG.protected, protect(writeLiteral(content, PART_POWER), session), PART_POWER);
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
    yield* readProtected(outer, preamble, key, mostBytes);
    if ((await outer.readByteOrEnd()) !== null) throw trailing();
  } finally {
    await outer.close();
  }
}

async function* readProtected(
  outer: ByteReader,
  preamble: Preamble,
  key: Buffer,
  mostBytes: number,
): AsyncGenerator<Buffer> {
  const body = await openBody(outer, preamble.length);
  const prefix = await readPrefix(body);
  const session = findSession(preamble, key, prefix);
  const packets = unprotect(prefix, body, session);
  try {
    yield* readLiteral(new ByteReader(packets, unfinished), mostBytes);
  } catch (error) {
    // Whether the message is strange or only damaged is known at its end, unless it is too large to go there.
    if (!(error instanceof StrongroomError && error.code === 'E_TOO_LARGE')) for await (const _ of packets);
    throw error;
  } finally {
    session.key.fill(0);
  }
}

async function openBody(outer: ByteReader, length: BodyLength): Promise<ByteReader> {
  const body = new ByteReader(readBody(outer, length));
  const version = await body.readByte();
  if (version === VERSION) return body;
  throw new StrongroomError('E_NOT_AN_ARCHIVE', `The archive is encrypted in version ${version} of the format.`, {
    why: 'Version 1 (CFB with a modification detection code) is supported.',
  });
}

function findSession(preamble: Preamble, key: Buffer, prefix: Buffer): SessionKey {
  for (const packet of preamble.passphrasePackets) {
    const session = openPassphrasePacket(packet, key);
    if (session && opensPrefix(prefix, session)) return session;
    session?.key.fill(0);
  }
  throw new StrongroomError('E_WRONG_KEY', 'The key does not open the archive.', {
    why: 'It is the key of another archive, or the very beginning of the archive is damaged.',
    next: 'Compare the SHA-256 of the archive with the registered one, and take the key that it was encrypted with.',
  });
}

const unfinished = () => new StrongroomError('E_NOT_AN_ARCHIVE', 'What the archive holds is not well formed.');

const trailing = () =>
  new StrongroomError('E_TRAILING_DATA', 'Something follows the end of the archive.', {
    why: 'An archive is one message and nothing else.',
    next: 'Nothing of it was released. Fetch it again.',
  });
