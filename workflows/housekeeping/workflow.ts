import { proxyActivities } from '@temporalio/workflow';
import type { HousekeepingActivities } from '../../activities/housekeeping.ts';
import { QUICK } from '../story/activity-options.ts';
import { pinned } from '../story/pinned.ts';
import { Story } from '../story/story.ts';
import type { HousekeepingResult } from './contract.ts';

const { startMissingReviews, expireGrants, removeOrphanedUploads, removeUnusedBlobs } =
  proxyActivities<HousekeepingActivities>(QUICK);

pinned(housekeeping);

/** One round of putting things right. Each step may run any number of times. */
export async function housekeeping(): Promise<HousekeepingResult> {
  const story = new Story({});
  return {
    reviewsStarted: await story.step('Start missing reviews', startMissingReviews, []),
    grantsExpired: await story.step('Expire grants', expireGrants, []),
    uploadsRemoved: await story.step('Remove orphaned uploads', removeOrphanedUploads, []),
    blobsRemoved: await story.step('Remove unused blobs', removeUnusedBlobs, []),
  };
}
