/** The packets that hold a message's session key under a passphrase (RFC 9580 section 5.3). */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { Aead, derive, findMode, OCB, TAG_BYTES } from './aead.ts';
import type { AeadMode } from './aead.ts';
import { AES256, BLOCK_BYTES, cipherName, findCipher } from './ciphers.ts';
import type { BlockCipher } from './ciphers.ts';
import { newFormTag, TAG, writeHeader } from './packet-header.ts';
import { deriveKey, newStringToKey, parseStringToKey } from './string-to-key.ts';
import type { StringToKey } from './string-to-key.ts';

const ZERO_IV = Buffer.alloc(BLOCK_BYTES);
const NO_SALT = Buffer.alloc(0);

/** What decrypts a message's data. */
export interface SessionKey {
  readonly cipher: BlockCipher;
  readonly key: Buffer;
}

/** For data of version 1: with a session key of its own, or with the passphrase's own key for one. */
export interface PlainPassphrasePacket {
  readonly version: 4;
  readonly cipher: BlockCipher;
  readonly stringToKey: StringToKey;
  readonly encryptedKey: Buffer;
}

/** For data of version 2: the session key is authenticated, so that a wrong passphrase is known for sure. */
export interface AuthenticatedPassphrasePacket {
  readonly version: 6;
  readonly cipher: BlockCipher;
  readonly stringToKey: StringToKey;
  readonly mode: AeadMode;
  readonly nonce: Buffer;
  /** With its tag. */
  readonly encryptedKey: Buffer;
}

export type PassphrasePacket = PlainPassphrasePacket | AuthenticatedPassphrasePacket;

/** A packet of version 4 that gives `sessionKey` (AES-256) to whoever has the passphrase. */
export function writePlainPassphrasePacket(passphrase: Buffer, sessionKey: Buffer, countOctet: number): Buffer {
  const specifier = newStringToKey(countOctet);
  const key = deriveKey(parseStringToKey(specifier), passphrase, 32);
  const content = Buffer.concat([Buffer.of(AES256), sessionKey]);
  const encrypted = createCipheriv('aes-256-cfb', key, ZERO_IV).update(content);
  for (const secret of [key, content]) secret.fill(0);
  return packetAround(Buffer.concat([Buffer.of(4, AES256), specifier, encrypted]));
}

/** The same in version 6. */
export function writeAuthenticatedPassphrasePacket(
  passphrase: Buffer,
  session: SessionKey,
  countOctet: number,
): Buffer {
  const specifier = newStringToKey(countOctet);
  const nonce = randomBytes(OCB.nonceBytes);
  const stringToKey = parseStringToKey(specifier);
  const { aead, info } = keyEncryption({ cipher: session.cipher, stringToKey, mode: OCB }, passphrase);
  const fields = Buffer.concat([Buffer.of(session.cipher.number, OCB.number, specifier.length), specifier, nonce]);
  return packetAround(Buffer.concat([Buffer.of(6, fields.length), fields, ...aead.seal(session.key, nonce, info)]));
}

const packetAround = (body: Buffer) =>
  Buffer.concat([writeHeader(TAG.passphraseEncryptedSessionKey, body.length), body]);

/** Reads the packet's body. Fails with `E_NOT_AN_ARCHIVE` for one that is not supported. */
export function parsePassphrasePacket(body: Buffer): PassphrasePacket {
  const [version] = body;
  if (version === 4) return parsePlain(body);
  if (version === 6) return parseAuthenticated(body);
  throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive holds its key in a way that is not supported.', {
    why: `Its session key packet has version ${String(version)}.`,
  });
}

function parsePlain(body: Buffer): PlainPassphrasePacket {
  const cipher = cipherOf(body[1]);
  const stringToKey = parseStringToKey(body.subarray(2));
  return { version: 4, cipher, stringToKey, encryptedKey: body.subarray(2 + stringToKey.length) };
}

function parseAuthenticated(body: Buffer): AuthenticatedPassphrasePacket {
  const cipher = cipherOf(body[2]);
  const mode = findMode(body[3]);
  const stringToKey = parseStringToKey(body.subarray(5));
  const nonceAt = 5 + stringToKey.length;
  const keyAt = nonceAt + mode.nonceBytes;
  const wellFormed = body[1] === keyAt - 2 && body[4] === stringToKey.length && body.length > keyAt + TAG_BYTES;
  if (!wellFormed) throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The beginning of the archive is not well formed.');
  const nonce = body.subarray(nonceAt, keyAt);
  return { version: 6, cipher, stringToKey, mode, nonce, encryptedKey: body.subarray(keyAt) };
}

function cipherOf(number = 0): BlockCipher {
  const cipher = findCipher(number);
  if (cipher) return cipher;
  throw new StrongroomError('E_NOT_AN_ARCHIVE', `The archive is encrypted with ${cipherName(number)}.`, {
    why: 'Archives are encrypted with AES.',
    next: 'Encrypt it again with `strongroom archive encrypt`, or with `gpg --symmetric --cipher-algo AES256`.',
  });
}

/** The session key; `null` where the passphrase surely is another one. */
export function openPlainPassphrasePacket(packet: PlainPassphrasePacket, passphrase: Buffer): SessionKey | null {
  const key = deriveKey(packet.stringToKey, passphrase, packet.cipher.keyBytes);
  if (packet.encryptedKey.length === 0) return { cipher: packet.cipher, key };
  const content = createDecipheriv(`${packet.cipher.name}-cfb`, key, ZERO_IV).update(packet.encryptedKey);
  key.fill(0);
  const cipher = findCipher(content[0]);
  const found = cipher?.keyBytes === content.length - 1 ? { cipher, key: Buffer.from(content.subarray(1)) } : null;
  content.fill(0);
  return found;
}

/** The session key; `null` where the passphrase is another one. */
export function openAuthenticatedPassphrasePacket(
  packet: AuthenticatedPassphrasePacket,
  passphrase: Buffer,
): Buffer | null {
  const { aead, info } = keyEncryption(packet, passphrase);
  const text = packet.encryptedKey.subarray(0, -TAG_BYTES);
  return aead.open(text, packet.encryptedKey.subarray(-TAG_BYTES), packet.nonce, info);
}

function keyEncryption(
  { cipher, stringToKey, mode }: Pick<AuthenticatedPassphrasePacket, 'cipher' | 'stringToKey' | 'mode'>,
  passphrase: Buffer,
): { aead: Aead; info: Buffer } {
  const info = Buffer.of(newFormTag(TAG.passphraseEncryptedSessionKey), 6, cipher.number, mode.number);
  const stretched = deriveKey(stringToKey, passphrase, cipher.keyBytes);
  const key = derive(stretched, NO_SALT, info, cipher.keyBytes);
  stretched.fill(0);
  return { aead: new Aead(cipher, mode, key), info };
}
