/** The keys that a runner makes for its life, and never shows. */
import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync } from 'node:crypto';
import type { HpkeKeyPair } from '../../crypto/hpke.ts';
import { generateHpkeKeyPair } from '../../crypto/hpke.ts';

export interface OwnKeys {
  /** Callers and the key broker seal to it. */
  readonly channel: HpkeKeyPair;
  /** Signs receipts; Ed25519. */
  readonly receipt: { readonly publicKey: Uint8Array; readonly privateKey: KeyObject };
}

export function makeKeys(): OwnKeys {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return { channel: generateHpkeKeyPair(), receipt: { publicKey: raw, privateKey } };
}
