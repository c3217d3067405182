import { parseContainerRef, parseDatasetName } from '../../domain/ids.ts';
import { runModelWorkflowId } from '../../workflows/run-model/contract.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';
import { showWork } from '../show-work.ts';

export const command = defineCommand({
  name: 'run status',
  summary: 'Show how a run goes, or went',
  examples: ['strongroom run status alice/digits-model --dataset wards'],
  watchable: true,
  arguments: { container: argument('The container: owner/name', (text) => parseContainerRef(text)) },
  options: { dataset: requiredOption('NAME', 'Your dataset', parseDatasetName) },
  async run({ arguments: { container }, options: { dataset } }, context) {
    const { handle } = await context.session();
    return showWork(context, runModelWorkflowId(handle, container, dataset));
  },
});
