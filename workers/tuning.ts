import type { WorkerOptions } from '@temporalio/worker';
import { activityFailures } from './activity-failures.ts';

/** What all of our workers have in common. */
export const WORKER_TUNING = {
  /** Without it activities are cancelled the moment a worker is asked to stop. */
  shutdownGraceTime: '20s',
  /** Progress bars want several heartbeats a second, which a local Temporal bears. */
  maxHeartbeatThrottleInterval: '500ms',
  defaultHeartbeatThrottleInterval: '500ms',
  maxConcurrentActivityTaskExecutions: 8,
  maxCachedWorkflows: 100,
  interceptors: { activity: [activityFailures] },
} as const satisfies Partial<WorkerOptions>;
