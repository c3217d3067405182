/** A job is deleted with all that the platform holds of it. What stays is its id, so that none stands for another job. */
import { StrongroomError } from '../domain/errors.ts';
import type { JobId, Sha256 } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import type { Db } from './database.ts';
import { forgetInputs } from './jobs.ts';

/**
 * Deletes the account's job, its sealed answers and attestation documents; answers the files of inputs that can go. Fails
 * with `E_CONFLICT` while it runs, and with `E_NOT_FOUND`.
 */
export async function deleteJob(db: Db, owner: Account, id: JobId): Promise<Sha256[]> {
  return db.transaction().execute(async (trx) => {
    const job = await trx
      .selectFrom('jobs')
      .select(['functionName', 'checksum', 'items', 'state', 'endedAt'])
      .where('id', '=', id)
      .where('accountId', '=', owner.id)
      .forUpdate()
      .executeTakeFirst();
    if (!job) throw noSuchJob(id);
    if (job.endedAt === null) throw notOver(id);
    const removable = await forgetInputs(trx, id);
    await trx.deleteFrom('jobs').where('id', '=', id).execute();
    await trx.insertInto('spentJobIds').values({ id }).execute();
    const { functionName, checksum, items, state } = job;
    await recordAudit(trx, {
      action: 'job.deleted',
      subject: `job/${id}`,
      before: { owner: owner.handle, function: functionName, checksum, items, state },
      after: null,
    });
    return removable;
  });
}

const noSuchJob = (id: JobId) =>
  new StrongroomError('E_NOT_FOUND', `You have no job ${id}.`, { next: 'List yours: strongroom job list' });

const notOver = (id: JobId) =>
  new StrongroomError('E_CONFLICT', 'The job is not over.', {
    why: 'Its items are still being answered, or wait for that.',
    next: `End it first: strongroom job cancel ${id}`,
  });
