/**
 * Which key file opens which archive. `NAME.key` is the container's key. A rotation makes a second one, `NAME.key.next`,
 * which bears the digest of its archive from the moment on in which the platform may register that archive; the earlier
 * key keeps the digest of its own. So whoever knows the archive finds its key, wherever a rotation was interrupted.
 */
import { link, rename } from 'node:fs/promises';
import { isThere } from '../client/private-files.ts';
import { codeOf } from '../crypto/failure.ts';
import { readModelKey, type ModelKey } from '../crypto/model-key.ts';
import type { Sha256 } from '../domain/ids.ts';

/** A new key whose archive is in the making. */
export const nextKeyFile = (keyFile: string): string => `${keyFile}.next`;

const fileOfArchive = (keyFile: string, archive: Sha256): string => `${keyFile}.${archive}`;

/** The key of the archive with this digest. Fails as `readModelKey`. */
export async function openModelKey(keyFile: string, archive: Sha256): Promise<ModelKey> {
  const rotated = fileOfArchive(keyFile, archive);
  return readModelKey((await isThere(rotated)) ? rotated : keyFile);
}

/** Before the platform is asked to replace `from` by `to`: each of both keys can be found whatever it answers. */
export async function nameKeysByArchive(keyFile: string, from: Sha256, to: Sha256): Promise<void> {
  await link(keyFile, fileOfArchive(keyFile, from)).catch(unless('EEXIST'));
  await rename(nextKeyFile(keyFile), fileOfArchive(keyFile, to)).catch(async (error: unknown) => {
    if (!(await isThere(fileOfArchive(keyFile, to)))) throw error;
  });
}

/** Once the platform has replaced the archive: the new key is the container's. A repeat changes nothing. */
export async function settleModelKey(keyFile: string, archive: Sha256): Promise<void> {
  await rename(fileOfArchive(keyFile, archive), keyFile).catch(unless('ENOENT'));
}

const unless = (code: string) => (error: unknown) => {
  if (codeOf(error) !== code) throw error;
};
