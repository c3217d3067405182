/** A deployment: a runner opens the encrypted function and loads it once, before anyone may call it. */
import type { ErrorFields } from '../../domain/errors.ts';
import type { FunctionId } from '../../domain/ids.ts';

export const DEPLOY_FUNCTION = 'deployFunction';
export const deployFunctionWorkflowId = (id: FunctionId): string => `function/${id}`;

export interface DeployFunctionInput {
  readonly id: FunctionId;
}

export interface DeployFunctionResult {
  /** Null where the function is ready. */
  readonly failure: ErrorFields | null;
}
