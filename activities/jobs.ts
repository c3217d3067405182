/** The enclave's part of jobs: it has runners answer sealed inputs, batch by batch, and keeps what comes of them. */
import { Context } from '@temporalio/activity';
import type { ErrorFields } from '../domain/errors.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { FunctionId, Handle, JobId } from '../domain/ids.ts';
import type { JobState } from '../domain/job.ts';
import type { HostedBatch, JobTerms } from '../enclave/host/served-function.ts';
import { removeForgotten } from '../storage/blob-removal.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Db } from '../storage/database.ts';
import { findVisibleFunction, noSuchFunction } from '../storage/functions.ts';
import { countSettledItems, listSettledItems } from '../storage/job-answers.ts';
import { findJobBatch, setJobState, type JobBatch } from '../storage/jobs.ts';
import { answerItems } from './job-batch-items.ts';
import { readBatchHead, readItem } from './job-batch-reading.ts';
import { ResultKeeper } from './job-batch-results.ts';

/** What of a batch has a result, after all attempts together. */
export interface BatchOutcome {
  readonly answered: number;
  /** What no runner could answer; an answer that says what is wrong with the item counts as an answer. */
  readonly failed: number;
}

export interface JobActivities {
  /**
   * Has the items of a batch answered that have no result yet. Stopped, or tried again, it keeps what came until then.
   * Fails with `E_NOT_FOUND` where the function or the job is not there any more.
   */
  runBatch(job: JobId, position: number): Promise<BatchOutcome>;
  /** Records where a job stands; at its end its inputs are forgotten. */
  recordJobState(job: JobId, state: JobState, failure: ErrorFields | null): Promise<void>;
}

export interface JobEnclave {
  readonly db: Db;
  readonly blobs: BlobStore;
  /** See `ServedFunction.openBatch`. */
  readonly openBatch: (id: FunctionId, caller: Handle, head: Uint8Array, terms: JobTerms) => Promise<HostedBatch>;
}

export const createJobActivities = ({ db, blobs, openBatch }: JobEnclave): JobActivities => ({
  async runBatch(job, position) {
    const { cancellationSignal: signal } = Context.current();
    const batch = await findJobBatch(db, job, position);
    if (!batch) throw new StrongroomError('E_NOT_FOUND', 'The job is over.');
    // Who may not call the function any more gets no more answers of it.
    if (!(await findVisibleFunction(db, batch.functionId, batch.accountId))) throw noSuchFunction(batch.functionId);
    const beat = setInterval(() => {
      Context.current().heartbeat();
    }, HEARTBEAT_MS);
    await using keeper = new ResultKeeper(db, job);
    try {
      const { bytes, head } = await readBatchHead(blobs, batch);
      const open = () =>
        openBatch(batch.functionId, batch.caller, bytes, {
          nonce: new Uint8Array(Buffer.from(batch.nonce, 'base64url')),
          permit: batch.permit,
        });
      const settled = new Set(await listSettledItems(db, job, ...rangeOf(batch)));
      const left = head.items.map((_item, index) => index).filter((index) => !settled.has(batch.firstItem + index));
      await answerItems({
        left,
        open,
        read: (index) => readItem(blobs, batch, head, index),
        keep: (index, document, answer) => keeper.answer(batch.firstItem + index, document, answer),
        fail: (index, failure) => keeper.failure(batch.firstItem + index, failure),
        signal,
      });
    } finally {
      clearInterval(beat);
    }
    await keeper.flush();
    return await countSettledItems(db, job, ...rangeOf(batch));
  },

  async recordJobState(job, state, failure) {
    await removeForgotten(db, blobs, await setJobState(db, job, state, failure));
  },
});

/** By the answer to a heartbeat a worker hears that it is to stop. */
const HEARTBEAT_MS = 500;

const rangeOf = ({ firstItem, items }: JobBatch) => [firstItem, firstItem + items] as const;
