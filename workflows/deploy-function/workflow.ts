import { proxyActivities } from '@temporalio/workflow';
import type { DeploymentActivities } from '../../activities/deployments.ts';
import { QUICK } from '../story/activity-options.ts';
import { Story } from '../story/story.ts';
import type { DeployFunctionInput, DeployFunctionResult } from './contract.ts';

const { tryFunction, concludeDeployment } = proxyActivities<DeploymentActivities>({
  ...QUICK,
  startToCloseTimeout: '3 minutes',
});

/** Tries the function in a runner, and records whether it may be called. */
export async function deployFunction({ id }: DeployFunctionInput): Promise<DeployFunctionResult> {
  const story = new Story({});
  const failure = await story.step('Try', tryFunction, [id], (found) => found?.code ?? 'a runner took it');
  await story.step('Record', concludeDeployment, [id, failure], () => (failure ? 'refused' : 'ready'));
  return { failure };
}
