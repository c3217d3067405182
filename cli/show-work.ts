/** How a piece of work goes: its state and its steps. */
import type { Outcome } from './output.ts';
import type { Context } from './context.ts';
import { readStory } from './follow-workflow.ts';
import { facts, moment } from './table.ts';
import { openPartyWork } from './temporal.ts';
import { toWorkflowFailure } from './workflow-failure.ts';

export async function showWork(context: Context, workflowId: string): Promise<Outcome> {
  await using work = await openPartyWork(context);
  const handle = work.client.workflow.getHandle(workflowId);
  const about = await handle.describe().catch((error: unknown) => {
    throw toWorkflowFailure(error, workflowId);
  });
  const story = await readStory(handle);
  const state = about.status.name.toLowerCase();
  return {
    data: { workflowId, state, story },
    ids: [workflowId],
    settled: state !== 'running',
    lines: [
      ...facts([
        ['Work', workflowId],
        ['State', state],
        ['Started', moment(about.startTime.toISOString())],
        ['Waiting on', story?.waitingOn ?? null],
      ]),
      ...(story?.steps ?? []).map(
        (step) => `  ${step.state.padEnd(8)} ${step.name}${step.detail ? `: ${step.detail}` : ''}`,
      ),
    ],
  };
}
