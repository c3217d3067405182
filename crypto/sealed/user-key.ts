/** The key to which inputs for a user are sealed. Its private half is derived where it is needed and stored nowhere. */
import { createHash, hkdfSync } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { Handle, Sha256 } from '../../domain/ids.ts';
import { encodeCbor } from '../attestation/cbor.ts';
import type { HpkeKeyPair } from '../hpke.ts';
import { deriveHpkeKeyPair } from '../hpke.ts';

/** Whose key, and the how-manieth of that user. */
export interface UserKeyName {
  readonly user: Handle;
  /** 1 for the first; one more after each rotation. */
  readonly generation: number;
}

export interface UserPublicKey extends UserKeyName {
  /** SHA-256 of the raw public key: what people compare. */
  readonly keyId: Sha256;
  /** Raw X25519. */
  readonly publicKey: Uint8Array;
}

export interface UserKey extends UserPublicKey {
  readonly privateKey: HpkeKeyPair['privateKey'];
}

export const MASTER_SECRET_BYTES = 32;
const SALT = 'strongroom user key 1';

/** The key of a user: HKDF-SHA256 over the master secret, then DeriveKeyPair (RFC 9180 section 7.1.3). */
export function deriveUserKey(masterSecret: Uint8Array, { user, generation }: UserKeyName): UserKey {
  if (masterSecret.length !== MASTER_SECRET_BYTES) throw new Error('The master secret has a wrong length.');
  const info = encodeCbor([user, parseGeneration(generation)]);
  const material = Buffer.from(hkdfSync('sha256', masterSecret, SALT, info, 32));
  try {
    const { publicKey, privateKey } = deriveHpkeKeyPair(material);
    return { user, generation, keyId: userKeyId(publicKey), publicKey, privateKey };
  } finally {
    material.fill(0);
  }
}

/** The id of a raw public key. */
export const userKeyId = (publicKey: Uint8Array): Sha256 =>
  createHash('sha256').update(publicKey).digest('hex') as Sha256;

/** A key id as people read and compare it: sixteen groups of four digits. */
export const formatKeyId = (keyId: Sha256): string => (keyId.match(/.{4}/g) ?? []).join(' ');

/** Fails with `E_SEALED_INPUT` on what is no whole number from 1. */
export function parseGeneration(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 0xffff) return value;
  throw new StrongroomError('E_SEALED_INPUT', `${JSON.stringify(value)} is not the number of a user's key.`);
}
