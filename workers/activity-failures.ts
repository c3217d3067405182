/** Our errors as Temporal's: the code becomes the failure's type, and says whether another attempt can help. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { StrongroomError, toErrorFields, type ErrorCode } from '../domain/errors.ts';
import { isDatabaseAway } from '../storage/database-failure.ts';

/**
 * What may pass, but not for ever. A failure that we did not foresee is a defect: a few attempts may get past it, endless
 * ones would hide it. A container that is killed each time ends itself so.
 */
const ATTEMPTS: Partial<Record<ErrorCode, number>> = { E_INTERNAL: 5, E_CONTAINER_KILLED: 3 };

export const activityFailures = (context: Context): { inbound: ActivityInboundCallsInterceptor } => ({
  inbound: {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (context.cancellationSignal.aborted) throw new CancelledFailure('The activity was cancelled.');
        throw toFailure(error, context.info.attempt);
      }
    },
  },
});

function toFailure(error: unknown, attempt: number): unknown {
  if (error instanceof TemporalFailure) return error;
  const known = error instanceof StrongroomError ? error : unforeseen(error);
  const attempts = ATTEMPTS[known.code];
  return ApplicationFailure.create({
    type: known.code,
    message: known.message,
    details: [toErrorFields(known)],
    nonRetryable: attempts === undefined ? !known.kind.retryable : attempt >= attempts,
  });
}

function unforeseen(error: unknown): StrongroomError {
  // However long it is away: work waits for it.
  if (isDatabaseAway(error)) {
    return new StrongroomError('E_UNAVAILABLE', 'A server that is needed for this does not answer.', {
      next: 'Try again in a moment.',
      cause: error,
    });
  }
  const { message, code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') {
    return new StrongroomError('E_NO_SPACE', 'There is no space left on the disk.', {
      why: message,
      next: 'Free some space.',
    });
  }
  return new StrongroomError('E_INTERNAL', message, { next: 'This is a defect: please report it with the log.' });
}
