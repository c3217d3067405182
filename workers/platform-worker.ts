/** The platform's worker: reviews, certification, mails, webhooks and housekeeping. */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createAuditActivities } from '../activities/audit.ts';
import { createCertificationActivities } from '../activities/certification.ts';
import { createEventMailActivities } from '../activities/event-mails.ts';
import { createHousekeepingActivities } from '../activities/housekeeping.ts';
import type { Platform } from '../activities/platform.ts';
import { createReviewActivities } from '../activities/reviews.ts';
import { createWebhookActivities } from '../activities/webhooks.ts';
import { HOUSEKEEPING, HOUSEKEEPING_MINUTES, HOUSEKEEPING_SCHEDULE } from '../workflows/housekeeping/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';
import { workerTuning, type WorkerPlace } from './tuning.ts';
import { workerVersion } from './worker-version.ts';
import { workflowBundle } from './workflow-bundle.ts';

export async function createPlatformWorker(
  platform: Platform,
  place: WorkerPlace,
  buildId: string | null,
): Promise<Worker> {
  return Worker.create({
    taskQueue: PLATFORM_TASK_QUEUE,
    workflowBundle: await workflowBundle('platform', place.tracing !== null),
    activities: {
      ...createAuditActivities(platform),
      ...createCertificationActivities(platform),
      ...createEventMailActivities(platform),
      ...createHousekeepingActivities(platform),
      ...createReviewActivities(platform),
      ...createWebhookActivities(platform),
    },
    ...workerTuning(place),
    ...workerVersion(buildId),
  });
}

/** Makes sure that housekeeping is scheduled; rounds never overlap, and missed ones are not made up for. */
export async function scheduleHousekeeping(temporal: Client): Promise<void> {
  try {
    await temporal.schedule.create({
      scheduleId: HOUSEKEEPING_SCHEDULE,
      spec: { intervals: [{ every: `${HOUSEKEEPING_MINUTES}m` }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow',
        workflowType: HOUSEKEEPING,
        taskQueue: PLATFORM_TASK_QUEUE,
        workflowId: HOUSEKEEPING,
      },
    });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}
