/** One set of options for each class of work, so that no call invents its own. */
import type { ActivityOptions } from '@temporalio/workflow';

/** A question to the platform or a small local step. Tried again for as long as the other side is away. */
export const QUICK: ActivityOptions = {
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '500ms', maximumInterval: '20s' },
};

/**
 * Bytes on the move, or a container at work. It heartbeats: a worker that is gone for good is noticed in half a minute, and
 * one that is cut off for less has lost nothing. One that was killed tells of it when it is started again.
 */
export const LONG: ActivityOptions = {
  startToCloseTimeout: '12 hours',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '1 minute' },
};
