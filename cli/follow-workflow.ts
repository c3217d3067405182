/** Starts a story, or joins the one that is at work under the same id, and shows how it goes until it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { StrongroomError } from '../domain/errors.ts';
import { storyQuery, type StoryStatus } from '../workflows/story/contract.ts';
import type { Context } from './context.ts';
import type { ProgressDisplay } from './progress-display.ts';
import { reportedProgress, storyLines } from './story-lines.ts';
import { toWorkflowFailure } from './workflow-failure.ts';

const LOOK_MS = 300;
const QUERY_MS = 5000;

export interface StoryStart {
  readonly workflowType: string;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly input: unknown;
  /** One line for the Temporal Web UI; nothing secret. */
  readonly summary: string;
}

/** Looks at the story now and then; what it answers, other than `undefined`, is where following ends early. */
export type OnLook<Result> = (status: StoryStatus, display: ProgressDisplay) => Promise<Result | undefined>;

/** A second start under the same id joins the first: the input of the first one holds. */
export async function startOrJoin(client: Client, story: StoryStart): Promise<WorkflowHandle> {
  try {
    return await client.workflow.start(story.workflowType, {
      workflowId: story.workflowId,
      taskQueue: story.taskQueue,
      args: [story.input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: story.summary,
    });
  } catch (error) {
    throw toWorkflowFailure(error, story.workflowId);
  }
}

/** The story's result, or what `onLook` ended it with. Fails as the story fails, and with `E_INTERRUPTED` on Ctrl-C. */
export async function followWorkflow<Result>(
  context: Context,
  handle: WorkflowHandle,
  onLook: OnLook<Result> = async () => undefined,
): Promise<Result> {
  const display = context.output.progress();
  const work: { over: boolean } = { over: false };
  const result = (handle.result() as Promise<Result>).finally(() => (work.over = true));
  // Awaited below; a failure that comes while a question is open must not count as unhandled.
  result.catch(() => undefined);
  const stopped = whenAborted(context.signal);
  const look = async () => {
    const status = await readStory(handle);
    if (!status) return undefined;
    const progress = work.over ? null : reportedProgress(await handle.describe());
    display.show(storyLines(status, progress));
    return work.over ? undefined : onLook(status, display);
  };
  try {
    while (!work.over) {
      const early = await Promise.race([look(), stopped]);
      if (early !== undefined) return early;
      await Promise.race([result, sleep(LOOK_MS), stopped]);
    }
    return await result;
  } catch (error) {
    if (context.signal.aborted) throw goesOn(handle.workflowId);
    throw toWorkflowFailure(error, handle.workflowId);
  } finally {
    if (work.over && !context.signal.aborted) await look().catch(() => undefined);
    display.end();
  }
}

/** Rejects at once when the signal is aborted, whatever is being waited for. */
function whenAborted(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  aborted.catch(() => undefined);
  return aborted;
}

/** What the story tells of itself; `null` until its worker has begun, and while it does not answer. */
export async function readStory(handle: WorkflowHandle): Promise<StoryStatus | null> {
  const answer = handle.query(storyQuery).catch(() => null);
  return Promise.race([answer, sleep(QUERY_MS, null)]);
}

const goesOn = (workflowId: string) =>
  new StrongroomError('E_INTERRUPTED', 'You stopped watching; the work goes on in the background.', {
    why: `It is ${workflowId}.`,
    next: `Follow: strongroom workflow follow ${workflowId}. Cancel: strongroom workflow cancel ${workflowId}`,
  });
