/** The key that signs heads of the audit log: made at the first start, in a folder that only the worker reads. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AuditSigner } from '../activities/platform.ts';

/** How many bytes a raw Ed25519 key has; they are the end of its SPKI (RFC 8410). */
const RAW_KEY = 32;

export async function openAuditSigner(folder: string): Promise<AuditSigner> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, 'audit.key.pem');
  const key = createPrivateKey(await readOrMake(file));
  return { key, verifier: { name: 'strongroom/audit', publicKey: rawPublicKey(key) } };
}

const rawPublicKey = (key: KeyObject): Uint8Array =>
  Uint8Array.from(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-RAW_KEY));

/** Complete or absent, and never replaced: of two workers that start together both read the same key. */
async function readOrMake(file: string): Promise<Buffer> {
  const draft = `${file}.${process.pid}`;
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(draft, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flush: true });
  await link(draft, file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return readFile(file);
}
