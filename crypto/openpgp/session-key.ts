/** The packet that holds a message's session key under a passphrase (RFC 9580 section 5.3). */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import { AES256, BLOCK_BYTES, cipherName, findCipher } from './ciphers.ts';
import type { BlockCipher } from './ciphers.ts';
import { TAG, writeHeader } from './packet-header.ts';
import { deriveKey, newStringToKey, parseStringToKey } from './string-to-key.ts';
import type { StringToKey } from './string-to-key.ts';

const ZERO_IV = Buffer.alloc(BLOCK_BYTES);

/** What decrypts a message's data. */
export interface SessionKey {
  readonly cipher: BlockCipher;
  readonly key: Buffer;
}

/** Of version 4, for data of version 1: with a session key of its own, or with the passphrase's own key for it. */
export interface PassphrasePacket {
  readonly version: 4;
  readonly cipher: BlockCipher;
  readonly stringToKey: StringToKey;
  readonly encryptedKey: Buffer;
}

/** A packet that gives `sessionKey` (AES-256) to whoever has the passphrase. */
export function writePassphrasePacket(passphrase: Buffer, sessionKey: Buffer, countOctet: number): Buffer {
  const specifier = newStringToKey(countOctet);
  const key = deriveKey(parseStringToKey(specifier), passphrase, 32);
  const content = Buffer.concat([Buffer.of(AES256), sessionKey]);
  const encrypted = createCipheriv('aes-256-cfb', key, ZERO_IV).update(content);
  for (const secret of [key, content]) secret.fill(0);
  const body = Buffer.concat([Buffer.of(4, AES256), specifier, encrypted]);
  return Buffer.concat([writeHeader(TAG.passphraseEncryptedSessionKey, body.length), body]);
}

/** Reads the packet's body. Fails with `E_NOT_AN_ARCHIVE` for one that is not supported. */
export function parsePassphrasePacket(body: Buffer): PassphrasePacket {
  const [version, number = 0] = body;
  if (version !== 4) {
    throw new StrongroomError('E_NOT_AN_ARCHIVE', 'The archive holds its key in a way that is not supported.', {
      why: `Its session key packet has version ${String(version)}.`,
    });
  }
  const cipher = findCipher(number);
  if (!cipher) {
    throw new StrongroomError('E_NOT_AN_ARCHIVE', `The archive is encrypted with ${cipherName(number)}.`, {
      why: 'Archives are encrypted with AES.',
      next: 'Encrypt it again with `strongroom archive encrypt`, or with `gpg --symmetric --cipher-algo AES256`.',
    });
  }
  const stringToKey = parseStringToKey(body.subarray(2));
  return { version, cipher, stringToKey, encryptedKey: body.subarray(2 + stringToKey.length) };
}

/** The session key; `null` where the passphrase surely is another one. */
export function openPassphrasePacket(packet: PassphrasePacket, passphrase: Buffer): SessionKey | null {
  const key = deriveKey(packet.stringToKey, passphrase, packet.cipher.keyBytes);
  if (packet.encryptedKey.length === 0) return { cipher: packet.cipher, key };
  const content = createDecipheriv(`${packet.cipher.name}-cfb`, key, ZERO_IV).update(packet.encryptedKey);
  key.fill(0);
  const cipher = findCipher(content[0]);
  const found = cipher?.keyBytes === content.length - 1 ? { cipher, key: Buffer.from(content.subarray(1)) } : null;
  content.fill(0);
  return found;
}
