/** A job: one function called with many sealed inputs, batch by batch, for as long as it takes. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { ErrorFields } from '../../domain/errors.ts';
import type { Handle, JobId } from '../../domain/ids.ts';
import type { JobState } from '../../domain/job.ts';

export const RUN_JOB = 'runJob';
export const runJobWorkflowId = (id: JobId): string => `job/${id}`;

export interface RunJobInput {
  readonly id: JobId;
  /** Whose job it is: who goes on with it once it is paused. */
  readonly owner: Handle;
  readonly items: number;
  readonly batches: number;
  /** Batches that are worked on at once, at most. */
  readonly fanOut: number;
  /** Events after which the history is begun anew; `null` for what Temporal suggests. */
  readonly continueAfter: number | null;
  /** What the story before this one has come to; `null` at the beginning. */
  readonly carried: CarriedJob | null;
}

export interface CarriedJob {
  /** The first batch that was never begun. */
  readonly next: number;
  /** Batches that were stopped in the middle. */
  readonly again: readonly number[];
  readonly answered: number;
  readonly failed: number;
}

export interface JobProgress {
  readonly state: JobState;
  readonly items: number;
  /** Of the batches that are through. */
  readonly answered: number;
  readonly failed: number;
  readonly batchesDone: number;
  readonly batches: number;
  /** Why the job failed as a whole. */
  readonly failure: ErrorFields | null;
}

export const jobProgressQuery = defineQuery<JobProgress>('jobProgress');
/** Items in hand are finished; the answer comes once nothing of the job is at work any more. */
export const pauseUpdate = defineUpdate<JobProgress>('pause');
export const resumeUpdate = defineUpdate<JobProgress>('resume');
/** As a pause, and for good. */
export const cancelUpdate = defineUpdate<JobProgress>('cancel');
