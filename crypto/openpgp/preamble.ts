/** Everything before the encrypted data: whose keys open the message, and how its data is protected. */
import { StrongroomError } from '../../domain/errors.ts';
import { recogniseBeginning } from './beginnings.ts';
import type { ByteReader } from './byte-reader.ts';
import { readBody } from './packet-body.ts';
import { beginsPacket, readHeader, TAG } from './packet-header.ts';
import type { BodyLength, PacketHeader } from './packet-header.ts';
import { parsePassphrasePacket } from './session-key.ts';
import type { PassphrasePacket } from './session-key.ts';

/** Each costs a key derivation; no honest archive has more. */
const MOST_SESSION_KEYS = 16;
const LONGEST_SESSION_KEY_PACKET = 8192;

export interface Preamble {
  readonly passphrasePackets: readonly PassphrasePacket[];
  /** Of the packet of protected data, whose body comes next. */
  readonly length: BodyLength;
}

/** Reads up to the body of the encrypted data. Fails with `E_NOT_AN_ARCHIVE`, `E_UNPROTECTED` or `E_TRUNCATED`. */
export async function readPreamble(message: ByteReader): Promise<Preamble> {
  await expectMessage(message);
  const passphrasePackets: PassphrasePacket[] = [];
  for (let packets = 0; packets <= MOST_SESSION_KEYS; packets++) {
    const header = await readHeader(message);
    if (!header) throw message.endsEarly();
    if (header.tag === TAG.protected) return finish(passphrasePackets, header);
    if (header.tag === TAG.unprotected) throw unprotected();
    const body = await readSmallBody(message, header);
    if (header.tag === TAG.passphraseEncryptedSessionKey) passphrasePackets.push(parsePassphrasePacket(body));
    else if (!SKIPPED.has(header.tag)) throw unexpected(header.tag);
  }
  throw notAnArchive(`It begins with more than ${MOST_SESSION_KEYS} session keys.`);
}

async function expectMessage(message: ByteReader): Promise<void> {
  const beginning = await message.peek();
  const [first] = beginning;
  if (first === undefined) throw notAnArchive('It is empty.');
  if (beginsPacket(first)) return;
  const found = recogniseBeginning(beginning);
  throw notAnArchive(found?.what ?? 'It does not begin as an OpenPGP message does.', found?.next);
}

const SKIPPED: ReadonlySet<number> = new Set([TAG.marker, TAG.padding, TAG.publicKeyEncryptedSessionKey]);

function finish(passphrasePackets: PassphrasePacket[], header: PacketHeader): Preamble {
  if (passphrasePackets.length > 0) return { passphrasePackets, length: header.length };
  throw notAnArchive('It is encrypted to certificates only, not with a key.');
}

async function readSmallBody(message: ByteReader, header: PacketHeader): Promise<Buffer> {
  if (header.tag === TAG.libreProtected) throw unexpected(header.tag);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of readBody(message, header.length)) {
    length += part.length;
    if (length > LONGEST_SESSION_KEY_PACKET) throw unexpected(header.tag);
    parts.push(Buffer.from(part));
  }
  return Buffer.concat(parts);
}

function unexpected(tag: number): StrongroomError {
  if (tag !== TAG.libreProtected)
    return notAnArchive(`It holds a packet of type ${tag} where encrypted data is expected.`);
  return notAnArchive('It is encrypted with the OCB packet of GnuPG 2.4.', 'Encrypt it again without --force-ocb.');
}

function notAnArchive(why: string, next = 'Name a file made by `strongroom archive encrypt` or `gpg --symmetric`.') {
  return new StrongroomError('E_NOT_AN_ARCHIVE', 'This is not an encrypted archive.', { why, next });
}

const unprotected = () =>
  new StrongroomError('E_UNPROTECTED', 'The archive is encrypted without protection of its integrity.', {
    why: 'Anyone could have changed it, and nobody would notice; some take the protection away to do so.',
    next: 'Nothing of it was decrypted. Ask its owner for an archive made by `strongroom archive encrypt`.',
  });
