/** A job: one function called with many sealed inputs, which lie at the platform in batches. */

/** `running` includes that its work waits for a worker; the last three are ends. */
export const JOB_STATES = ['running', 'paused', 'done', 'cancelled', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const hasEnded = (state: JobState): boolean => state !== 'running' && state !== 'paused';

/** What a batch may hold. Small batches cost a release of their key each; large ones are uploaded and opened for longer. */
export const BATCH = { items: 256, bytes: 8 * 1024 * 1024 } as const;
export const MOST_BATCHES = 1500;
/** After this nobody opens the inputs of a job any more, done or not. */
export const JOB_DAYS = 7;
