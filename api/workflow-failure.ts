/** What a workflow of the platform refused, or why it did not answer, in the words of the field. */
import {
  ApplicationFailure,
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { TemporalFailure } from '@temporalio/common';
import { fromErrorFields, isErrorCode, StrongroomError, type ErrorFields } from '../domain/errors.ts';

/** The answer to a call of Temporal that failed. What has no code of ours is thrown on as it is. */
export function toStrongroomError(error: unknown): unknown {
  if (error instanceof StrongroomError) return error;
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
    return refusalIn(error.cause) ?? error;
  }
  if (isAway(error)) {
    return new StrongroomError('E_UNAVAILABLE', 'The platform cannot reach its workflows.', {
      next: 'Try again in a moment.',
      cause: error,
    });
  }
  return error;
}

/** Whether Temporal, or the worker, did not answer; a workflow that is not there is an answer. */
function isAway(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return false;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  return isGrpcServiceError(error) || (error instanceof Error && error.name === 'ServiceError');
}

/** The innermost failure with a code of ours: an activity's is wrapped in the workflow's. */
function refusalIn(failure: unknown): StrongroomError | null {
  if (!(failure instanceof TemporalFailure)) return null;
  const inner = refusalIn(failure.cause);
  if (inner) return inner;
  if (!(failure instanceof ApplicationFailure) || !isErrorCode(failure.type)) return null;
  return fromErrorFields(toFields(failure.details?.[0]) ?? { code: failure.type, message: failure.message });
}

function toFields(details: unknown): ErrorFields | null {
  if (typeof details !== 'object' || details === null) return null;
  const { code, message, why, next } = details as Record<string, unknown>;
  if (!isErrorCode(code) || typeof message !== 'string') return null;
  return {
    code,
    message,
    ...(typeof why === 'string' && { why }),
    ...(typeof next === 'string' && { next }),
  };
}
