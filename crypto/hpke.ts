/**
 * HPKE (RFC 9180) as everything here uses it: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, and one
 * message for each encapsulation, so that no nonce can ever be used twice.
 */
import type { webcrypto } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

/** KEM, KDF and AEAD by their numbers in RFC 9180 section 7. */
export const HPKE_SUITE = [0x0020, 0x0001, 0x0002] as const;
/** Length of a raw public key, and of an encapsulated one. */
export const HPKE_KEY_BYTES = 32;
/** What sealing adds to a message beside the encapsulated key. */
export const HPKE_TAG_BYTES = 16;

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

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
  /** Never leaves the library's own memory, and ends with it. */
  readonly pair: webcrypto.CryptoKeyPair;
}

/** DeriveKeyPair (RFC 9180 section 7.1.3): the same key pair for the same `material`, which the caller zeroes. */
export async function deriveHpkeKeyPair(material: Uint8Array): Promise<HpkeKeyPair> {
  const pair = (await suite.kem.deriveKeyPair(material)) as webcrypto.CryptoKeyPair;
  return { publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)), pair };
}

/** A new key pair. */
export async function generateHpkeKeyPair(): Promise<HpkeKeyPair> {
  const material = randomBytes(HPKE_KEY_BYTES);
  try {
    return await deriveHpkeKeyPair(material);
  } finally {
    material.fill(0);
  }
}

/** Seals `message` to a raw public key. Fails with the library's error where the key is none. */
export async function sealTo(publicKey: Uint8Array, message: Uint8Array, binding: HpkeBinding): Promise<HpkeMessage> {
  const recipientPublicKey = (await suite.kem.deserializePublicKey(publicKey)) as webcrypto.CryptoKey;
  const sender = await suite.createSenderContext({ recipientPublicKey, info: binding.info });
  const ciphertext = await sender.seal(message, binding.aad);
  return { enc: new Uint8Array(sender.enc), ciphertext: new Uint8Array(ciphertext) };
}

/** Opens a message; the caller zeroes what it gets. Fails with the library's error, which tells nothing of the cause. */
export async function openWith(
  pair: webcrypto.CryptoKeyPair,
  message: HpkeMessage,
  binding: HpkeBinding,
): Promise<Buffer> {
  const recipient = await suite.createRecipientContext({ recipientKey: pair, enc: message.enc, info: binding.info });
  return Buffer.from(await recipient.open(message.ciphertext, binding.aad));
}
