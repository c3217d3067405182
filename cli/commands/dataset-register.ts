import { formatBytes } from '../../domain/format-bytes.ts';
import { parseDatasetName } from '../../domain/ids.ts';
import * as contract from '../../workflows/register-dataset/contract.ts';
import { dataOwnerTaskQueue } from '../../workflows/task-queues.ts';
import { argument, defineCommand, option, requiredOption } from '../command.ts';
import { detachOption, runStory, startStory } from '../run-story.ts';
import { facts } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'dataset register',
  summary: 'Register a dataset by its digest; the data stays here',
  examples: ['strongroom dataset register ~/wards --name wards'],
  arguments: { folder: argument('The folder, with the folders data and labels', parsePath) },
  options: {
    name: requiredOption('NAME', "The dataset's name", parseDatasetName),
    description: option('TEXT', 'What is in it, for the committee'),
    detach: detachOption,
  },
  async run({ arguments: { folder }, options }, context) {
    const { handle: account } = await context.session();
    const { name, description = '' } = options;
    const input: contract.RegisterDatasetInput = { account, name, folder, description };
    const story = {
      workflowType: contract.REGISTER_DATASET,
      workflowId: contract.registerDatasetWorkflowId(account, name),
      taskQueue: dataOwnerTaskQueue(account),
      input,
      summary: `Registration of the dataset ${account}/${name}`,
    };
    if (options.detach) return startStory(context, story);
    return runStory(context, story, (dataset: contract.RegisterDatasetResult) => ({
      data: { dataset },
      ids: [dataset.name],
      lines: facts([
        ['Dataset', `${account}/${dataset.name}`],
        ['SHA-256', dataset.sha256],
        ['Size', `${formatBytes(dataset.size)} in ${dataset.files} files`],
        ['Next', `strongroom dataset associate ${dataset.name} --benchmark NAME`],
      ]),
    }));
  },
});
