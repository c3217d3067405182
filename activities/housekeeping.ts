/** What the platform puts right at regular times; each step may run any number of times. */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/client';
import { reviewAssociationWorkflowId, REVIEW_ASSOCIATION } from '../workflows/review-association/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';
import { expireGrants } from '../storage/grants.ts';
import { listReviewsWithoutWorkflow, markReviewStarted } from '../storage/reviews.ts';
import { removeUnusedBlobs } from '../storage/blob-removal.ts';
import { removeOrphanedUploads } from '../storage/upload-cleanup.ts';
import type { Platform } from './platform.ts';

export interface HousekeepingActivities {
  startMissingReviews(): Promise<number>;
  expireGrants(): Promise<number>;
  removeOrphanedUploads(): Promise<number>;
  removeUnusedBlobs(): Promise<number>;
}

/** An upload that nobody went on with for a day is given up; so long, too, may a download of a replaced archive take. */
const ABANDONED_HOURS = 24;

export function createHousekeepingActivities({ db, blobs, temporal, uploadsFolder }: Platform): HousekeepingActivities {
  return {
    async startMissingReviews() {
      const reviews = await listReviewsWithoutWorkflow(db);
      for (const review of reviews) {
        try {
          await temporal.workflow.start(REVIEW_ASSOCIATION, {
            workflowId: reviewAssociationWorkflowId(review.association),
            taskQueue: PLATFORM_TASK_QUEUE,
            args: [review],
            workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
        await markReviewStarted(db, review.association);
      }
      return reviews.length;
    },

    expireGrants: () => expireGrants(db),

    removeOrphanedUploads: () => removeOrphanedUploads(db, uploadsFolder, ABANDONED_HOURS),

    removeUnusedBlobs: () => removeUnusedBlobs(db, blobs, ABANDONED_HOURS),
  };
}
