/**
 * Where the master secret of all users' keys lies: sealed on the disk, opened into memory when the broker starts. The
 * key file belongs elsewhere than the sealed secret; a key management service can take its place.
 */
import { hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../crypto/failure.ts';
import { openOrCreateModelKey } from '../../crypto/model-key.ts';
import { makePrivateFolder, writeNewFile } from '../../crypto/private-file.ts';
import { MASTER_SECRET_BYTES } from '../../crypto/sealed/user-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { decryptGcm, encryptGcm, GCM_NONCE_BYTES, GCM_TAG_BYTES } from '../../crypto/aes-gcm.ts';

/** Keeps one master secret. An implementation on a key management service does `open` there. */
export interface MasterSecretStore {
  /** The secret, made at the first call ever; the caller zeroes it. Fails with `E_KEY_FILE`. */
  open(): Promise<Buffer>;
}

const LABEL = Buffer.from('strongroom master secret 1\n');
const SEALED_BYTES = LABEL.length + GCM_NONCE_BYTES + MASTER_SECRET_BYTES + GCM_TAG_BYTES;

/** A secret in `sealedFile`, sealed with what is in `keyFile`; both are made where they are missing, mode 0600. */
export const keyFileStore = (sealedFile: string, keyFile: string): MasterSecretStore => ({
  open: async () => {
    const wrappingKey = await readWrappingKey(keyFile);
    try {
      const sealed = (await readIfThere(sealedFile)) ?? (await create(sealedFile, wrappingKey));
      return unseal(sealed, wrappingKey, sealedFile);
    } finally {
      wrappingKey.fill(0);
    }
  },
});

async function readWrappingKey(keyFile: string): Promise<Buffer> {
  using key = await openOrCreateModelKey(keyFile);
  return Buffer.from(hkdfSync('sha256', key.expose(), LABEL, 'wrapping', 32));
}

/** Of several that start at once, one makes the secret and the others take it. */
async function create(sealedFile: string, wrappingKey: Buffer): Promise<Buffer> {
  await makePrivateFolder(dirname(sealedFile));
  const secret = randomBytes(MASTER_SECRET_BYTES);
  const sealed = seal(secret, wrappingKey);
  secret.fill(0);
  try {
    await writeNewFile(sealedFile, sealed);
    return sealed;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return readFile(sealedFile);
  }
}

function seal(secret: Buffer, wrappingKey: Buffer): Buffer {
  const nonce = randomBytes(GCM_NONCE_BYTES);
  return Buffer.concat([LABEL, nonce, encryptGcm(secret, { key: wrappingKey, nonce, aad: LABEL })]);
}

function unseal(sealed: Buffer, wrappingKey: Buffer, sealedFile: string): Buffer {
  const isOurs = sealed.length === SEALED_BYTES && sealed.subarray(0, LABEL.length).equals(LABEL);
  if (!isOurs) throw wrong(`${sealedFile} is not a sealed master secret.`, 'Put back the file from your backup.');
  const nonce = sealed.subarray(LABEL.length, LABEL.length + GCM_NONCE_BYTES);
  const secret = decryptGcm(sealed.subarray(LABEL.length + GCM_NONCE_BYTES), { key: wrappingKey, nonce, aad: LABEL });
  if (secret) return secret;
  throw wrong('The key file does not open the master secret.', 'Give the key file that it was sealed with.');
}

async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

const wrong = (what: string, next: string) =>
  new StrongroomError('E_KEY_FILE', what, {
    why: 'Without it, what users sealed cannot be opened, and a new secret would give every user another key.',
    next,
  });
