/** Whether work gets done at all: a workflow that ends at once, asked for rarely and remembered. */
import { WorkflowIdConflictPolicy, type Client } from '@temporalio/client';
import { CANARY, CANARY_WORKFLOW_ID } from '../workflows/canary/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';

const PATIENCE_MS = 5_000;
/** How long an answer is believed: a good one for half a minute, so that being asked every second costs nothing. */
const BELIEVED_MS = { sang: 30_000, silent: 2_000 };

export type Canary = () => Promise<boolean>;

/** Asks Temporal and a worker for a piece of work, and answers whether it was done in time. Never fails. */
export function openCanary(temporal: Client): Canary {
  // By a clock that never steps: else an answer would be believed for as long as the machine's was put back.
  let last: { readonly answer: Promise<boolean>; until: number } | null = null;
  return () => {
    if (last !== null && performance.now() < last.until) return last.answer;
    const asked = { answer: sings(temporal), until: Number.POSITIVE_INFINITY };
    last = asked;
    void asked.answer.then((sang) => (asked.until = performance.now() + BELIEVED_MS[sang ? 'sang' : 'silent']));
    return asked.answer;
  };
}

async function sings(temporal: Client): Promise<boolean> {
  try {
    await temporal.withDeadline(Date.now() + PATIENCE_MS, () =>
      temporal.workflow.execute(CANARY, {
        workflowId: CANARY_WORKFLOW_ID,
        taskQueue: PLATFORM_TASK_QUEUE,
        workflowExecutionTimeout: PATIENCE_MS,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        staticSummary: 'Shows that work gets done',
      }),
    );
    return true;
  } catch {
    return false;
  }
}
