/** Removes what nobody will finish. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deleteUpload, listOrphanedUploads } from './blobs.ts';
import type { Db } from './database.ts';

/** Removes uploads that were begun more than `hours` ago, with their files. Answers how many. */
export async function removeOrphanedUploads(db: Db, uploadsFolder: string, hours: number): Promise<number> {
  const orphans = await listOrphanedUploads(db, hours);
  for (const { id } of orphans) {
    await rm(join(uploadsFolder, id), { force: true });
    await rm(join(uploadsFolder, `${id}.json`), { force: true });
    await deleteUpload(db, id);
  }
  return orphans.length;
}
