/** The enclave's part of a deployment: a runner takes the function, or refuses it for a reason that its owner can read. */
import { StrongroomError, toErrorFields, type ErrorFields } from '../domain/errors.ts';
import type { FunctionId } from '../domain/ids.ts';
import type { Db } from '../storage/database.ts';
import { concludeDeployment } from '../storage/functions.ts';

export interface DeploymentActivities {
  /** Why no runner takes the function; null where one does. Fails where that is not the function's fault. */
  tryFunction(id: FunctionId): Promise<ErrorFields | null>;
  concludeDeployment(id: FunctionId, failure: ErrorFields | null): Promise<void>;
}

export interface Enclave {
  readonly db: Db;
  /** Starts a runner for the function, as its owner's calls will. Fails as the function does. */
  readonly tryFunction: (id: FunctionId) => Promise<void>;
}

export const createDeploymentActivities = ({ db, tryFunction }: Enclave): DeploymentActivities => ({
  async tryFunction(id) {
    try {
      await tryFunction(id);
      return null;
    } catch (error) {
      if (error instanceof StrongroomError && !error.kind.retryable && error.code !== 'E_SANDBOX_MISSING') {
        return toErrorFields(error);
      }
      throw error;
    }
  },
  concludeDeployment: (id, failure) => concludeDeployment(db, id, failure),
});
