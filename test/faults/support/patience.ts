/** A client that is told "not now", or loses its connection, and asks the same again until it gets an answer. */
import { isGrpcServiceError, ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import { StrongroomError } from '../../../domain/errors.ts';

const AGAIN_MS = 250;
const PATIENCE_SECONDS = 150;

/** Fails with what `work` fails with, where that is a refusal, or where nothing else came for `seconds`. */
export async function patiently<T>(work: () => Promise<T>, seconds = PATIENCE_SECONDS): Promise<T> {
  for (const begun = Date.now(); ;) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error) || Date.now() - begun > seconds * 1000) throw error;
      await pause(AGAIN_MS);
    }
  }
}

/** Whether the same request may be answered later. */
function mayPass(error: unknown): boolean {
  if (error instanceof StrongroomError) return error.kind.retryable || error.code === 'E_CONSENT_NOT_AWAITED';
  if (error instanceof ServiceError || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return true;
  if (isGrpcServiceError(error)) return true;
  const { cause, type } = error as { readonly cause?: unknown; readonly type?: string };
  return type === 'E_CONSENT_NOT_AWAITED' || (cause !== undefined && cause !== null && mayPass(cause));
}
