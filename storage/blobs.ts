/** What is in the blob store, by whom, and what is on its way there. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

export interface Blob {
  readonly sha256: Sha256;
  /** Bytes. */
  readonly size: number;
}

export interface Upload {
  readonly id: string;
  readonly accountId: AccountId;
  /** `null` where it was begun before its digest was known. */
  readonly sha256: Sha256 | null;
  /** Bytes that room is taken for: it has no more. */
  readonly size: number;
}

/**
 * Fails with `E_NOT_FOUND` unless the blob is there with that size. Says that it is wanted now, so that nobody takes it
 * for unused while something is about to rest on it.
 */
export async function requireBlob(db: Db | Trx, { sha256, size }: Blob, what: string): Promise<void> {
  const found = await db
    .updateTable('blobs')
    .set({ wantedAt: sql<Date>`now()` })
    .where('sha256', '=', sha256)
    .returning('size')
    .executeTakeFirst();
  if (!found) {
    throw new StrongroomError('E_NOT_FOUND', `The ${what} ${sha256} was not uploaded.`, { next: 'Upload it first.' });
  }
  if (found.size !== size) {
    throw new StrongroomError('E_INVALID_REQUEST', `The ${what} has ${found.size} bytes, not ${size}.`);
  }
}

/** Records that a blob is in the store. Whoever brought it first is charged for it. */
export async function insertBlob(db: Db | Trx, blob: Blob, uploadedBy: AccountId): Promise<void> {
  await db
    .insertInto('blobs')
    .values({ ...blob, uploadedBy })
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ wantedAt: sql<Date>`now()` }))
    .execute();
}

/** What rested on the blob lets it go: it is unused from now on, unless something else does. */
export async function releaseBlob(trx: Trx, sha256: Sha256): Promise<void> {
  await trx
    .updateTable('blobs')
    .set({ wantedAt: sql<Date>`now()` })
    .where('sha256', '=', sha256)
    .execute();
}

/**
 * Takes room for an upload. Fails with `E_PAYLOAD_TOO_LARGE` where the account's blobs and uploads would take more than
 * `quota` bytes; of several at the same moment only as many succeed as fit.
 */
export async function insertUpload(db: Db, upload: Upload, quota: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.selectFrom('accounts').select('id').where('id', '=', upload.accountId).forNoKeyUpdate().execute();
    const { rows } = await sql<{ used: number }>`
      SELECT ((SELECT coalesce(sum(size), 0) FROM blobs WHERE uploaded_by = ${upload.accountId})
        + (SELECT coalesce(sum(size), 0) FROM uploads WHERE account_id = ${upload.accountId}))::bigint AS used`.execute(
      trx,
    );
    const used = rows[0]?.used ?? 0;
    if (used + upload.size > quota) {
      throw new StrongroomError('E_PAYLOAD_TOO_LARGE', `There is no room for ${formatBytes(upload.size)}.`, {
        why: `You use ${formatBytes(used)} of ${formatBytes(quota)}.`,
        next: 'Host the file elsewhere and register its URL, or ask the operator for more.',
      });
    }
    await trx.insertInto('uploads').values(upload).execute();
  });
}

export async function findUpload(db: Db, id: string): Promise<Upload | undefined> {
  return db.selectFrom('uploads').select(['id', 'accountId', 'sha256', 'size']).where('id', '=', id).executeTakeFirst();
}

export async function deleteUpload(db: Db | Trx, id: string): Promise<void> {
  await db.deleteFrom('uploads').where('id', '=', id).execute();
}

/** Forgets a blob that the account itself brought, where nothing rests on it any more; says whether its file can go. */
export async function forgetUnusedBlob(trx: Trx, owner: AccountId, sha256: Sha256): Promise<boolean> {
  const { rows } = await sql<{ sha256: Sha256 }>`DELETE FROM blobs WHERE sha256 = ${sha256} AND uploaded_by = ${owner}
    AND ${IS_UNUSED} RETURNING sha256`.execute(trx);
  return rows.length > 0;
}

/** Forgets the blobs, `most` of them, that nothing has rested on and nobody has brought for so many hours. */
export async function forgetBlobsUnusedFor(db: Db, hours: number, most: number): Promise<Sha256[]> {
  const { rows } = await sql<{ sha256: Sha256 }>`DELETE FROM blobs
    WHERE sha256 IN (SELECT sha256 FROM blobs WHERE wanted_at <= now() - make_interval(hours => ${hours})
      AND ${IS_UNUSED} ORDER BY wanted_at LIMIT ${most})
    AND wanted_at <= now() - make_interval(hours => ${hours}) RETURNING sha256`.execute(db);
  return rows.map(({ sha256 }) => sha256);
}

const IS_UNUSED = sql<boolean>`NOT EXISTS (SELECT FROM functions WHERE bundle_sha256 = blobs.sha256)
  AND NOT EXISTS (SELECT FROM job_batches WHERE job_batches.sha256 = blobs.sha256)
  AND NOT EXISTS (SELECT FROM containers WHERE archive_sha256 = blobs.sha256)
  AND NOT EXISTS (SELECT FROM benchmarks WHERE test_dataset = blobs.sha256 OR metrics_archive = blobs.sha256)`;

/** Uploads that were begun more than `hours` ago and never completed. */
export async function listOrphanedUploads(db: Db, hours: number): Promise<Upload[]> {
  return db
    .selectFrom('uploads')
    .select(['id', 'accountId', 'sha256', 'size'])
    .where('createdAt', '<', sql<Date>`now() - make_interval(secs => ${hours * 3600})`)
    .execute();
}
