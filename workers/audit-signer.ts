/** The key that signs heads of the audit log. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { AuditSigner } from '../activities/platform.ts';
import { readOrMakeKey } from './key-file.ts';

/** How many bytes a raw Ed25519 key has; they are the end of its SPKI (RFC 8410). */
const RAW_KEY = 32;

export async function openAuditSigner(folder: string): Promise<AuditSigner> {
  const key = await readOrMakeKey(folder, 'audit.key.pem', () => generateKeyPairSync('ed25519').privateKey);
  return { key, verifier: { name: 'strongroom/audit', publicKey: rawPublicKey(key) } };
}

const rawPublicKey = (key: KeyObject): Uint8Array =>
  Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-RAW_KEY));
