import { parseBenchmarkName, parseContainerRef, parseDatasetName } from '../../domain/ids.ts';
import * as contract from '../../workflows/run-model/contract.ts';
import { dataOwnerTaskQueue } from '../../workflows/task-queues.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';
import { answerConsent, consentBeforehand, consentOptions } from '../consent.ts';
import { runStory } from '../run-story.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'run',
  summary: 'Run a granted container on a dataset of yours',
  examples: ['strongroom run alice/digits-model --benchmark digits --dataset wards'],
  details: 'The results are sent only with your consent. Started again, the command joins the work that goes on.',
  arguments: { container: argument('The container: owner/name', (text) => parseContainerRef(text)) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark in which you have access', parseBenchmarkName),
    dataset: requiredOption('NAME', 'Your dataset', parseDatasetName),
    ...consentOptions,
  },
  async run({ arguments: { container }, options }, context) {
    const { benchmark, dataset } = options;
    const { handle: account } = await context.session();
    const beforehand = consentBeforehand(context, options);
    const input: contract.RunModelInput = { account, container, benchmark, dataset };
    const story = {
      workflowType: contract.RUN_MODEL,
      workflowId: contract.runModelWorkflowId(account, container, dataset),
      taskQueue: dataOwnerTaskQueue(account),
      input,
      summary: `Run of ${container.owner}/${container.name} on ${dataset}`,
    };
    const describe = (result: contract.RunModelResult) => ({
      data: { result },
      ids: [result.resultId ?? story.workflowId],
      lines: facts([
        ['Results', JSON.stringify(result.metrics)],
        ['Folder', result.resultsFolder],
        ['Sent', result.resultId === null ? 'no, they were kept' : `yes, as ${result.resultId}`],
      ]),
    });
    return runStory<contract.RunModelResult>(context, story, describe, (handle) =>
      answerConsent(context, handle, {
        update: contract.submitConsentUpdate,
        beforehand,
        results: async () => (await handle.query(contract.runOutcomeQuery))?.metrics ?? null,
      }),
    );
  },
});
