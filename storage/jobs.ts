/** Durable jobs as the platform knows them: whose they are, where their sealed inputs lie, and how far they are. */
import { sql } from 'kysely';
import { StrongroomError, type ErrorFields } from '../domain/errors.ts';
import type { FunctionId, Handle, JobId, Sha256 } from '../domain/ids.ts';
import { hasEnded, type JobState } from '../domain/job.ts';
import { forgetUnusedBlob, type Blob } from './blobs.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { byNewest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';
import { inPeriod, type Period } from './periods.ts';

export interface NewJob {
  readonly id: JobId;
  readonly functionId: FunctionId;
  /** `owner/name@version`. */
  readonly functionName: string;
  readonly checksum: Sha256;
  /** 32 bytes in base64url: attestation documents of the job are made for it. */
  readonly nonce: string;
  /** Raw X25519 in base64url: answers are sealed to it. */
  readonly answerKey: string;
  /** See crypto/session/job-permit.ts. */
  readonly permit: string;
  readonly batches: readonly (Blob & { readonly items: number })[];
}

export interface Job {
  readonly id: JobId;
  readonly functionId: FunctionId;
  readonly functionName: string;
  readonly checksum: Sha256;
  readonly nonce: string;
  readonly answerKey: string;
  readonly items: number;
  readonly state: JobState;
  /** Why it failed as a whole. */
  readonly failure: ErrorFields | null;
  /** Items with a sealed answer. */
  readonly answered: number;
  /** Items that no runner could answer. */
  readonly failed: number;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

const select = (db: Db | Trx) =>
  db
    .selectFrom('jobs')
    .selectAll('jobs')
    .select((query) => [
      query
        .selectFrom('jobAnswers')
        .whereRef('jobId', '=', 'jobs.id')
        .select(sql<number>`count(answer)`.as('count'))
        .as('answered'),
      query
        .selectFrom('jobAnswers')
        .whereRef('jobId', '=', 'jobs.id')
        .select(sql<number>`count(failure)`.as('count'))
        .as('failed'),
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

const toJob = ({ accountId: _account, permit: _permit, ...row }: Row): Job => ({
  ...row,
  answered: row.answered ?? 0,
  failed: row.failed ?? 0,
  createdAt: row.createdAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
});

/**
 * Records a job; the same again is the job that is there. Fails with `E_NOT_FOUND` where a batch was not uploaded by the
 * account, and with `E_CONFLICT` where the id stands for another job, or for one that was deleted.
 */
export async function insertJob(db: Db, accountId: AccountId, { batches, ...job }: NewJob): Promise<Job> {
  return db.transaction().execute(async (trx) => {
    const spent = await trx.selectFrom('spentJobIds').select('id').where('id', '=', job.id).executeTakeFirst();
    if (spent) throw taken(job.id);
    let firstItem = 0;
    const placed = batches.map(({ sha256, size, items }, position) => {
      firstItem += items;
      return { jobId: job.id, position, sha256, size, items, firstItem: firstItem - items };
    });
    const { numInsertedOrUpdatedRows: inserted } = await trx
      .insertInto('jobs')
      .values({ ...job, accountId, items: firstItem })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    const found = await select(trx).where('jobs.id', '=', job.id).executeTakeFirstOrThrow();
    const same = found.accountId === accountId && found.nonce === job.nonce && found.functionId === job.functionId;
    if (!same) throw taken(job.id);
    if (inserted === 0n) return toJob(found);
    await requireBatches(trx, accountId, batches);
    await trx.insertInto('jobBatches').values(placed).execute();
    return toJob(found);
  });
}

async function requireBatches(trx: Trx, accountId: AccountId, batches: readonly Blob[]): Promise<void> {
  const wanted = JSON.stringify(batches.map(({ sha256, size }) => ({ sha256, size })));
  const { rows } = await sql<{ sha256: Sha256 }>`SELECT wanted.sha256
    FROM jsonb_to_recordset(${wanted}::jsonb) AS wanted (sha256 text, size bigint)
    WHERE NOT EXISTS (SELECT FROM blobs
      WHERE blobs.sha256 = wanted.sha256 AND blobs.size = wanted.size AND uploaded_by = ${accountId})`.execute(trx);
  const [missing] = rows;
  if (!missing) return;
  throw new StrongroomError('E_NOT_FOUND', `The batch ${missing.sha256} was not uploaded by you.`, {
    next: 'Upload it first.',
  });
}

export async function findJob(db: Db, id: JobId): Promise<Job | undefined> {
  const row = await select(db).where('jobs.id', '=', id).executeTakeFirst();
  return row && toJob(row);
}

/** `from` and `until` are about when it was begun. */
export interface JobFilter extends Period {
  readonly state?: JobState | undefined;
}

/** The newest first. */
export async function listJobs(db: Db, accountId: AccountId, filter: JobFilter, page: PageRequest): Promise<Page<Job>> {
  const { state } = filter;
  const own = select(db)
    .where('accountId', '=', accountId)
    .where(inPeriod('jobs.createdAt', filter))
    .$if(state !== undefined, (some) => some.where('jobs.state', '=', state ?? null));
  return mapPage(await readPage(own, [byNewest('jobs.createdAt'), byText('jobs.id')], page), toJob);
}

/**
 * Records where a job stands; what has ended stays so. At its end its inputs are forgotten: answers the files that can
 * go.
 */
export async function setJobState(
  db: Db,
  id: JobId,
  state: JobState,
  failure: ErrorFields | null = null,
): Promise<Sha256[]> {
  return db.transaction().execute(async (trx) => {
    const ended = hasEnded(state);
    await trx
      .updateTable('jobs')
      .set({ state, failure: failure && JSON.stringify(failure), ...(ended && { endedAt: sql<Date>`now()` }) })
      .where('id', '=', id)
      .where('endedAt', 'is', null)
      .execute();
    return ended ? forgetInputs(trx, id) : [];
  });
}

/** Forgets the batches of a job; answers the files that can go. */
export async function forgetInputs(trx: Trx, id: JobId): Promise<Sha256[]> {
  const job = await trx.selectFrom('jobs').select('accountId').where('id', '=', id).executeTakeFirst();
  if (!job) return [];
  const gone = await trx.deleteFrom('jobBatches').where('jobId', '=', id).returning('sha256').execute();
  const removable: Sha256[] = [];
  for (const { sha256 } of gone) {
    if (await forgetUnusedBlob(trx, job.accountId, sha256)) removable.push(sha256);
  }
  return removable;
}

/** What a worker needs for one batch. */
export interface JobBatch extends Blob {
  readonly job: JobId;
  readonly functionId: FunctionId;
  readonly accountId: AccountId;
  readonly caller: Handle;
  readonly nonce: string;
  readonly permit: string;
  /** The number in the job of the batch's first item. */
  readonly firstItem: number;
  readonly items: number;
}

/** `undefined` also where the job has ended meanwhile. */
export async function findJobBatch(db: Db, job: JobId, position: number): Promise<JobBatch | undefined> {
  return db
    .selectFrom('jobBatches')
    .innerJoin('jobs', 'jobs.id', 'jobBatches.jobId')
    .innerJoin('accounts', 'accounts.id', 'jobs.accountId')
    .where('jobId', '=', job)
    .where('position', '=', position)
    .where('endedAt', 'is', null)
    .select(['jobs.id as job', 'functionId', 'accountId', 'accounts.handle as caller', 'nonce', 'permit'])
    .select(['sha256', 'size', 'firstItem', 'jobBatches.items'])
    .executeTakeFirst();
}

const taken = (id: JobId) =>
  new StrongroomError('E_CONFLICT', `The id ${id} stands for another job.`, { next: 'Start the job with another id.' });
