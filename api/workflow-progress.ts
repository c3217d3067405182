/** How a workflow goes, as Temporal and the workflow itself tell it. */
import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import { SEARCH_ATTRIBUTES, storyQuery, type StoryStatus } from '../workflows/story/contract.ts';
import type { WorkflowProgress } from './contract/workflows.ts';
import { toStrongroomError } from './workflow-failure.ts';

const PATIENCE_MS = 5_000;
const STATES: Readonly<Record<string, WorkflowProgress['state']>> = {
  RUNNING: 'running',
  CONTINUED_AS_NEW: 'running',
  COMPLETED: 'completed',
  CANCELLED: 'cancelled',
};

export interface WorkflowLook {
  readonly progress: WorkflowProgress;
  /** Grows with whatever happens to the workflow. */
  readonly historyLength: number;
}

/**
 * Looks at a workflow. Where nothing happened since `before`, that is still how it goes. Fails with `E_NOT_FOUND` for one
 * that was never started or is forgotten, and with `E_UNAVAILABLE`.
 */
export async function lookAtWorkflow(temporal: Client, id: string, before?: WorkflowLook): Promise<WorkflowLook> {
  try {
    const handle = temporal.workflow.getHandle(id);
    return await temporal.withDeadline(Date.now() + PATIENCE_MS, async () => {
      const description = await handle.describe();
      const { historyLength } = description;
      if (before && historyLength === before.historyLength) return before;
      // Its worker may be away; what Temporal knows without it is better than nothing.
      const story = await handle.query(storyQuery).catch(() => null);
      return { historyLength, progress: toProgress(id, description, story) };
    });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw toStrongroomError(error);
    throw new StrongroomError('E_NOT_FOUND', `There is no work ${id} that goes on or that is remembered.`, {
      next: 'Look at the thing itself, which says how the work ended.',
    });
  }
}

function toProgress(
  workflow: string,
  { status, typedSearchAttributes }: WorkflowExecutionDescription,
  story: StoryStatus | null,
): WorkflowProgress {
  const told = {
    workflow,
    state: STATES[status.name] ?? 'failed',
    stage: story?.stage ?? typedSearchAttributes.get(SEARCH_ATTRIBUTES.stage) ?? 'started',
    waitingOn: story ? story.waitingOn : (typedSearchAttributes.get(SEARCH_ATTRIBUTES.waitingOn) ?? null),
    since: story?.since ?? null,
    steps: story?.steps ?? [],
  };
  const id = createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 32);
  return { id, ...told };
}
