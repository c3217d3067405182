/** Where a submission is, as Temporal knows it also while no worker answers. */
import type { Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../../workflows/story/contract.ts';
import { until } from '../../support/patience.ts';

/** The steps of a submission at which some process works, in their order. */
export const STAGES = [
  'Check',
  'Export and encrypt',
  'Host',
  'Try the key on the hosted archive',
  'Register',
  'Ask whether the request can succeed',
  'Fetch the test dataset',
  'Run the model on the test dataset',
  'Score the predictions',
  'Request',
  'Committee decides',
] as const;
export type Stage = (typeof STAGES)[number];

/** Resolves as soon as one of these workflows is at `stage`, or past it. */
export async function reached(temporal: Client, workflowIds: readonly string[], stage: Stage): Promise<void> {
  await until(`${workflowIds.join(' or ')} is at "${stage}"`, async () => {
    for (const workflowId of workflowIds) {
      const story = await temporal.workflow
        .getHandle(workflowId)
        .describe()
        .catch(() => null);
      const now = story?.typedSearchAttributes.get(SEARCH_ATTRIBUTES.stage);
      if (now !== undefined && STAGES.indexOf(now as Stage) >= STAGES.indexOf(stage)) return true;
    }
    return false;
  });
}
