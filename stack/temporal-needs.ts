/** What our work needs of a Temporal server, whichever it is. */

/** By these an operator finds what is stuck, and on whom. */
export const SEARCH_ATTRIBUTES = ['Stage', 'WaitingOn', 'Container', 'Benchmark'] as const;

/**
 * Without the first two each step of a workflow waits on a limit of 20 polls a second. Without the last, of a large
 * committee ten members vote at a time, and the others are sent away and tried again a second or more later.
 */
export const SERVER_SETTINGS = {
  'history.transferProcessorMaxPollRPS': 2_000,
  'history.timerProcessorMaxPollRPS': 2_000,
  'history.maxInFlightUpdates': 200,
} as const;
