import { isCancellation, rootCause } from '@temporalio/workflow';

/** The innermost message of a failed activity. A cancellation is no failure and is thrown on. */
export function failureMessage(error: unknown): string {
  if (isCancellation(error)) throw error;
  return rootCause(error) ?? String(error);
}
