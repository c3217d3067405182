/** Content (I6): what is stored has the digest it is registered under, and nothing ran but what was registered. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Db } from '../../../storage/database.ts';

export async function contentUnlikeRegistered(
  db: Db,
  blobsFolder: string,
  imagesRun: ReadonlySet<string>,
): Promise<string[]> {
  return [...(await blobsUnlikeNames(db, blobsFolder)), ...(await unregisteredRuns(db, imagesRun))];
}

async function blobsUnlikeNames(db: Db, folder: string): Promise<string[]> {
  const found: string[] = [];
  const digests = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries.filter((file) => file.isFile())) {
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path.join(entry.parentPath, entry.name))) hash.update(piece as Buffer);
    digests.set(entry.name, hash.digest('hex'));
  }
  for (const [name, digest] of digests) if (name !== digest) found.push(`the blob ${name} holds ${digest}`);
  for (const { sha256 } of await db.selectFrom('blobs').select('sha256').execute()) {
    if (!digests.has(sha256)) found.push(`the blob ${sha256} is recorded and not there`);
  }
  return found;
}

async function unregisteredRuns(db: Db, imagesRun: ReadonlySet<string>): Promise<string[]> {
  const containers = await db.selectFrom('containers').select('imageDigest').execute();
  const metrics = await db.selectFrom('benchmarks').select('metricsImageDigest as imageDigest').execute();
  const registered = new Set<string>([...containers, ...metrics].map(({ imageDigest }) => imageDigest));
  return [...imagesRun].filter((image) => !registered.has(image)).map((image) => `${image} ran and is not registered`);
}
