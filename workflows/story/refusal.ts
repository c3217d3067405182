import { ApplicationFailure } from '@temporalio/common';
import { StrongroomError, toErrorFields, type ErrorAdvice, type ErrorCode } from '../../domain/errors.ts';

/**
 * The answer "no" of a workflow: to be thrown from an Update's validator or handler, or from the workflow itself. Only
 * this kind of failure fails the update; any other would leave the workflow's task retrying.
 */
export function refusal(code: ErrorCode, what: string, advice: ErrorAdvice = {}): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message: what,
    details: [toErrorFields(new StrongroomError(code, what, advice))],
    nonRetryable: true,
  });
}
