/** What a command that starts a story does: start or join it, then follow it, or leave it to the agent. */
import type { WorkflowHandle } from '@temporalio/client';
import type { Outcome } from './output.ts';
import { flag } from './command.ts';
import type { Context } from './context.ts';
import { followWorkflow, startOrJoin, type OnLook, type StoryStart } from './follow-workflow.ts';
import { openPartyWork } from './temporal.ts';

export const detachOption = flag('Do not wait for the end; the work goes on in the background');

/** Starts or joins the story, follows it with `onLook`, and says with `describe` what came of it. */
export async function runStory<Result>(
  context: Context,
  story: StoryStart,
  describe: (result: Result) => Outcome,
  onLook?: (handle: WorkflowHandle) => OnLook<Result>,
): Promise<Outcome> {
  await using work = await openPartyWork(context);
  const handle = await startOrJoin(work.client, story);
  return describe(await followWorkflow(context, handle, onLook?.(handle)));
}

/** Starts or joins the story and leaves it to the agent. */
export async function startStory(context: Context, story: StoryStart): Promise<Outcome> {
  await using work = await openPartyWork(context);
  const { workflowId } = await startOrJoin(work.client, story);
  return {
    data: { workflowId },
    ids: [workflowId],
    lines: [`${workflowId} is at work. Follow: strongroom workflow follow ${workflowId}`],
  };
}
