/** What came of the items of jobs: answers that only their callers can open, and failures of runners. */
import type { ErrorFields } from '../domain/errors.ts';
import type { JobId, Sha256 } from '../domain/ids.ts';
import type { Db } from './database.ts';

/** An attestation document that answers are bound to. */
export interface JobDocument {
  readonly sha256: Sha256;
  readonly document: Buffer;
}

export type ItemResult =
  | { readonly item: number; readonly document: Sha256; readonly answer: Buffer; readonly failure: null }
  | { readonly item: number; readonly document: null; readonly answer: null; readonly failure: ErrorFields };

/** The items from `first` up to `end` that have a result. */
export async function listSettledItems(db: Db, job: JobId, first: number, end: number): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('jobAnswers')
    .select('item')
    .where('jobId', '=', job)
    .where('item', '>=', first)
    .where('item', '<', end)
    .execute();
  return rows.map(({ item }) => item);
}

/** How many of the items from `first` up to `end` were answered, and how many failed. */
export async function countSettledItems(
  db: Db,
  job: JobId,
  first: number,
  end: number,
): Promise<{ readonly answered: number; readonly failed: number }> {
  return db
    .selectFrom('jobAnswers')
    .select(({ fn }) => [fn.count<number>('answer').as('answered'), fn.count<number>('failure').as('failed')])
    .where('jobId', '=', job)
    .where('item', '>=', first)
    .where('item', '<', end)
    .executeTakeFirstOrThrow();
}

/** Keeps results; an item that has one keeps its first. */
export async function insertResults(
  db: Db,
  job: JobId,
  documents: readonly JobDocument[],
  results: readonly ItemResult[],
): Promise<void> {
  if (results.length === 0) return;
  await db.transaction().execute(async (trx) => {
    if (documents.length > 0) {
      const rows = documents.map((document) => ({ jobId: job, ...document }));
      await trx
        .insertInto('jobDocuments')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    const rows = results.map(({ item, document, answer, failure }) => ({
      jobId: job,
      item,
      documentSha256: document,
      answer,
      failure: failure && JSON.stringify(failure),
    }));
    await trx
      .insertInto('jobAnswers')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

/** The next results after an item, in the order of the items. */
export async function listResultsAfter(db: Db, job: JobId, after: number, limit: number): Promise<ItemResult[]> {
  const rows = await db
    .selectFrom('jobAnswers')
    .select(['item', 'documentSha256 as document', 'answer', 'failure'])
    .where('jobId', '=', job)
    .where('item', '>', after)
    .orderBy('item')
    .limit(limit)
    .execute();
  return rows.map(({ item, document, answer, failure }): ItemResult => {
    if (document !== null && answer !== null) return { item, document, answer, failure: null };
    if (failure !== null) return { item, document: null, answer: null, failure };
    throw new Error('An item has neither an answer nor a failure.');
  });
}

export async function findJobDocument(db: Db, job: JobId, sha256: Sha256): Promise<Buffer> {
  const { document } = await db
    .selectFrom('jobDocuments')
    .select('document')
    .where('jobId', '=', job)
    .where('sha256', '=', sha256)
    .executeTakeFirstOrThrow();
  return document;
}
