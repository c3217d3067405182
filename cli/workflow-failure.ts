/** How a workflow failed or refused, in the words of the field. */
import {
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TemporalFailure, TerminatedFailure } from '@temporalio/common';
import { fromErrorFields, isErrorCode, StrongroomError } from '../domain/errors.ts';

/** What has no code of ours is answered as it is. */
export function toWorkflowFailure(error: unknown, workflowId: string): unknown {
  if (error instanceof StrongroomError) return error;
  if (error instanceof WorkflowNotFoundError) {
    return new StrongroomError('E_NOT_FOUND', `Nothing goes on under ${workflowId}.`, {
      next: 'Check the name; ended work is forgotten after a while.',
    });
  }
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError) {
    return ended(error.cause, workflowId) ?? error;
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcServiceError(error)) {
    return new StrongroomError('E_UNAVAILABLE', 'Temporal does not answer.', {
      next: 'See: strongroom doctor',
      cause: error,
    });
  }
  return error;
}

function ended(cause: unknown, workflowId: string): StrongroomError | null {
  const refusal = refusalIn(cause);
  if (refusal) return refusal;
  if (cause instanceof CancelledFailure || cause instanceof TerminatedFailure) {
    return new StrongroomError('E_INTERRUPTED', `${workflowId} was cancelled.`, {
      next: 'Run the same command again to start it anew.',
    });
  }
  return null;
}

/** The innermost failure with a code of ours: an activity's is wrapped in the workflow's. */
function refusalIn(failure: unknown): StrongroomError | null {
  if (!(failure instanceof TemporalFailure)) return null;
  const inner = refusalIn(failure.cause);
  if (inner) return inner;
  if (!(failure instanceof ApplicationFailure) || !isErrorCode(failure.type)) return null;
  const { message, why, next } = (failure.details?.[0] ?? {}) as Record<string, unknown>;
  return fromErrorFields({
    code: failure.type,
    message: typeof message === 'string' ? message : failure.message,
    why: typeof why === 'string' ? why : undefined,
    next: typeof next === 'string' ? next : undefined,
  });
}
