/**
 * Blobs come and go by their row and their file, which no transaction covers both. Whoever changes the file, or believes
 * in it, holds the blob's lock: so a file is never removed that somebody has just brought again.
 */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import { forgetBlobsUnusedFor, insertBlob, type Blob } from './blobs.ts';
import type { BlobStore } from './blob-store.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

/** Blobs of one round; the next round takes the rest. */
const MOST_AT_ONCE = 500;

/**
 * Records a blob whose file the store has taken. Fails with `E_UNAVAILABLE` where the file was removed in that moment, as
 * nothing had rested on it: it must be brought once more.
 */
export async function recordBlob(db: Db, store: BlobStore, blob: Blob, uploadedBy: AccountId): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockBlob(trx, blob.sha256);
    if ((await store.size(blob.sha256)) === null) {
      throw new StrongroomError('E_UNAVAILABLE', 'The upload could not be kept.', {
        why: 'An earlier copy of the same file was removed in the same moment.',
        next: 'Upload it again.',
      });
    }
    await insertBlob(trx, blob, uploadedBy);
  });
}

/** Removes the files of blobs that were forgotten, but of those that are known again meanwhile. */
export async function removeForgotten(db: Db, store: BlobStore, forgotten: readonly Sha256[]): Promise<void> {
  for (const sha256 of forgotten) {
    await db.transaction().execute(async (trx) => {
      await lockBlob(trx, sha256);
      const known = await trx.selectFrom('blobs').select('sha256').where('sha256', '=', sha256).executeTakeFirst();
      if (!known) await store.remove(sha256);
    });
  }
}

/**
 * Removes what nothing has rested on for `hours`: archives that a rotation replaced, uploads that were never registered.
 * Answers how many.
 */
export async function removeUnusedBlobs(db: Db, store: BlobStore, hours: number): Promise<number> {
  const forgotten = await forgetBlobsUnusedFor(db, hours, MOST_AT_ONCE);
  await removeForgotten(db, store, forgotten);
  return forgotten.length;
}

const lockBlob = (trx: Trx, sha256: Sha256) =>
  sql`SELECT pg_advisory_xact_lock(hashtextextended(${`blob ${sha256}`}, 0))`.execute(trx);
