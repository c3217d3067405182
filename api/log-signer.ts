/** Signs checkpoints of the transparency log, with a key that follows from the API's secret: all its processes sign alike. */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { signCheckpoint } from '../crypto/transparency/checkpoint.ts';
import type { TreeHead } from '../crypto/transparency/merkle.ts';
import { formatVerifierKey } from '../crypto/transparency/signed-note.ts';

export interface LogSigner {
  /** `NAME+HASH+KEY`, which readers keep. */
  readonly key: string;
  /** A signed note. */
  sign(head: TreeHead): string;
}

/** PrivateKeyInfo of Ed25519 (RFC 8410 section 7) up to the seed. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const RAW_KEY = 32;

export function openLogSigner(authenticationSecret: string): LogSigner {
  const seed = Buffer.from(hkdfSync('sha256', authenticationSecret, '', 'strongroom transparency log 1', 32));
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
  seed.fill(0);
  const publicKey = Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-RAW_KEY));
  const verifier = { name: 'strongroom/log', publicKey };
  return { key: formatVerifierKey(verifier), sign: (head) => signCheckpoint(head, verifier, key) };
}
