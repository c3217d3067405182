import { proxyActivities } from '@temporalio/workflow';
import type { DatasetActivities } from '../../activities/datasets.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { Story } from '../story/story.ts';
import type { RegisterDatasetInput, RegisterDatasetResult } from './contract.ts';

const { digestDataset } = proxyActivities<DatasetActivities>(LONG);
const { registerDataset: register } = proxyActivities<DatasetActivities>(QUICK);

/** Digests the folder and registers name, digest and size. Nothing of the data goes anywhere. */
export async function registerDataset(input: RegisterDatasetInput): Promise<RegisterDatasetResult> {
  const story = new Story({});
  const digest = await story.step('Digest', digestDataset, [input.folder], (found) => `${found.files} files`);
  await story.step('Register', register, [{ ...input, digest }]);
  return { name: input.name, ...digest };
}
