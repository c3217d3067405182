import type { TestWorkflowEnvironment } from '@temporalio/testing';

const ATTEMPTS = 30;

/** Temporal's SDK gives a server five seconds to start, which on a busy machine it does not always make. */
export async function startPatiently(start: () => Promise<TestWorkflowEnvironment>): Promise<TestWorkflowEnvironment> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      // Native errors are no `Error` of this realm.
      const slow = String(error).includes('did not start within');
      if (!slow || attempt === ATTEMPTS) throw error;
    }
  }
}
