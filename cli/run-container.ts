/** `strongroom run CONTAINER --benchmark … --dataset …`: the data owner's run, a durable story of its agent. */
import type { BenchmarkName, ContainerRef, DatasetName } from '../domain/ids.ts';
import * as contract from '../workflows/run-model/contract.ts';
import { dataOwnerTaskQueue } from '../workflows/task-queues.ts';
import type { Outcome } from './output.ts';
import { answerConsent, consentBeforehand } from './consent.ts';
import type { Context } from './context.ts';
import { runStory } from './run-story.ts';
import { facts } from './table.ts';

export interface ContainerRun {
  readonly container: ContainerRef;
  readonly benchmark: BenchmarkName;
  readonly dataset: DatasetName;
  readonly consent: Parameters<typeof consentBeforehand>[1];
}

export async function runContainer(context: Context, asked: ContainerRun): Promise<Outcome> {
  const { container, benchmark, dataset } = asked;
  const { handle: account } = await context.session();
  const beforehand = consentBeforehand(context, asked.consent);
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
}
