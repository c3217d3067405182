/**
 * HPKE (RFC 9180) as everything here uses it: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, and one
 * message for each encapsulation, so that no nonce can ever be used twice. The KEM, the hashes and the cipher are
 * OpenSSL's; here is what the RFC puts between them. All of it is synchronous: on its way through other threads a message
 * took four times as long.
 */
import type { KeyObject } from 'node:crypto';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  encapsulate,
  generateKeyPairSync,
} from 'node:crypto';
import { decryptGcm, encryptGcm, GCM_NONCE_BYTES, GCM_TAG_BYTES } from './aes-gcm.ts';

/** KEM, KDF and AEAD by their numbers in RFC 9180 section 7. */
export const HPKE_SUITE = [0x0020, 0x0001, 0x0002] as const;
/** Length of a raw public key, and of an encapsulated one. */
export const HPKE_KEY_BYTES = 32;
/** What sealing adds to a message beside the encapsulated key. */
export const HPKE_TAG_BYTES = GCM_TAG_BYTES;

const CIPHER_KEY_BYTES = 32;
const NOTHING = new Uint8Array();
/** SubjectPublicKeyInfo and PKCS #8 of X25519 (RFC 8410) up to the raw key. */
const X25519_SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const X25519_PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

export interface HpkeMessage {
  /** The encapsulated key. */
  readonly enc: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** What a message is bound to: it opens under the same two only. */
export interface HpkeBinding {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

export interface HpkeKeyPair {
  /** Raw. */
  readonly publicKey: Uint8Array;
  /** In OpenSSL's memory, which it clears at the end of the key's life. */
  readonly privateKey: KeyObject;
}

/** A new key pair. */
export function generateHpkeKeyPair(): HpkeKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: rawOf(publicKey), privateKey };
}

/** DeriveKeyPair (RFC 9180 section 7.1.3): the same key pair for the same `material`, which the caller zeroes. */
export function deriveHpkeKeyPair(material: Uint8Array): HpkeKeyPair {
  const prk = labeledExtract(KEM, NOTHING, 'dkp_prk', material);
  const secret = labeledExpand(KEM, prk, 'sk', NOTHING, HPKE_KEY_BYTES);
  const encoded = Buffer.concat([X25519_PKCS8, secret]);
  try {
    const privateKey = createPrivateKey({ key: encoded, format: 'der', type: 'pkcs8' });
    return { publicKey: rawOf(createPublicKey(privateKey)), privateKey };
  } finally {
    [prk, secret, encoded].forEach((bytes) => bytes.fill(0));
  }
}

/** Seals `message` to a raw public key. Fails with OpenSSL's error where the key is none. */
export function sealTo(publicKey: Uint8Array, message: Uint8Array, { info, aad }: HpkeBinding): HpkeMessage {
  const recipient = createPublicKey({ key: Buffer.concat([X25519_SPKI, publicKey]), format: 'der', type: 'spki' });
  const { sharedKey, ciphertext: enc } = encapsulate(recipient);
  const { key, nonce } = keySchedule(sharedKey, info);
  try {
    return { enc, ciphertext: encryptGcm(message, { key, nonce, aad }) };
  } finally {
    [sharedKey, key].forEach((bytes) => bytes.fill(0));
  }
}

/** Opens a message; the caller zeroes what it gets. Null where it does not open: a reason would be an attacker's hint. */
export function openWith(privateKey: KeyObject, message: HpkeMessage, { info, aad }: HpkeBinding): Buffer | null {
  const sharedKey = sharedKeyOf(privateKey, message.enc);
  if (!sharedKey) return null;
  const { key, nonce } = keySchedule(sharedKey, info);
  try {
    return decryptGcm(message.ciphertext, { key, nonce, aad });
  } finally {
    [sharedKey, key].forEach((bytes) => bytes.fill(0));
  }
}

/** Null where the encapsulated key is no point, or one of low order. */
function sharedKeyOf(privateKey: KeyObject, enc: Uint8Array): Buffer | null {
  try {
    return decapsulate(privateKey, enc);
  } catch {
    return null;
  }
}

/** The suites of section 4.1 (KEM) and section 5.1 (HPKE), as they go into each derivation. */
const KEM = Buffer.from([...Buffer.from('KEM'), ...twoBytes(HPKE_SUITE[0])]);
const HPKE = Buffer.from([...Buffer.from('HPKE'), ...HPKE_SUITE.flatMap(twoBytes)]);

/** KeySchedule of section 5.1 in base mode; the first message is sealed under the base nonce itself. */
function keySchedule(sharedSecret: Uint8Array, info: Uint8Array): { readonly key: Buffer; readonly nonce: Buffer } {
  const context = Buffer.concat([BASE_MODE, NO_PSK_ID, labeledExtract(HPKE, NOTHING, 'info_hash', info)]);
  const secret = labeledExtract(HPKE, sharedSecret, 'secret', NOTHING);
  const key = labeledExpand(HPKE, secret, 'key', context, CIPHER_KEY_BYTES);
  const nonce = labeledExpand(HPKE, secret, 'base_nonce', context, GCM_NONCE_BYTES);
  secret.fill(0);
  return { key, nonce };
}

const BASE_MODE = Buffer.from([0]);
const NO_PSK_ID = labeledExtract(HPKE, NOTHING, 'psk_id_hash', NOTHING);

/** Section 4. */
function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Buffer {
  return createHmac('sha256', salt).update('HPKE-v1').update(suite).update(label).update(ikm).digest();
}

/** Section 4, for one block of the hash and less: more is never asked for. */
function labeledExpand(suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number): Buffer {
  const block = createHmac('sha256', prk)
    .update(Buffer.from(twoBytes(length)))
    .update('HPKE-v1')
    .update(suite);
  return block
    .update(label)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, length);
}

function twoBytes(value: number): number[] {
  return [value >> 8, value & 0xff];
}

function rawOf(publicKey: KeyObject): Uint8Array {
  return new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(X25519_SPKI.length));
}
