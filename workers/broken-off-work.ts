/**
 * What a killed process was at is begun again as soon as the next one is there. Temporal by itself notices by the silence,
 * after half a minute or more, and must be as patient as that with a network that is away for a moment.
 */
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import proto from '@temporalio/proto';

const { PENDING_ACTIVITY_STATE_STARTED: STARTED } = proto.temporal.api.enums.v1.PendingActivityState;
const AT_ONCE = '100ms';

/** Does so for activities in these task queues. What it misses is noticed by its silence. */
export async function beginAgain(client: Client, taskQueues: readonly string[], killed: string | null): Promise<void> {
  if (killed === null) return;
  const queues = taskQueues.map((queue) => `'${queue}'`).join(', ');
  const running = client.workflow.list({ query: `ExecutionStatus = 'Running' AND TaskQueue IN (${queues})` });
  try {
    for await (const { workflowId, runId } of running) {
      await takeOver(client, { workflowId, runId }, killed).catch((error: unknown) => {
        passOver(workflowId, error);
      });
    }
  } catch (error) {
    passOver(taskQueues.join(', '), error);
  }
}

/** It may just have ended, or Temporal is away. */
function passOver(what: string, error: unknown): void {
  process.stderr.write(`What broke off in ${what} waits until its silence is noticed: ${String(error)}\n`);
}

interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

async function takeOver(client: Client, run: Run, killed: string): Promise<void> {
  // Its next task would lie for ten seconds in the queue of the process that had its history in memory.
  await client.workflowService.resetStickyTaskQueue({ namespace: client.options.namespace, execution: run });
  const { raw } = await client.workflow.getHandle(run.workflowId, run.runId).describe();
  for (const { activityId, state, lastWorkerIdentity } of raw.pendingActivities ?? []) {
    if (state !== STARTED || lastWorkerIdentity !== killed) continue;
    await client.activity.fail({ ...run, activityId: activityId ?? '' }, failure());
  }
}

const failure = () =>
  ApplicationFailure.create({
    type: 'E_INTERRUPTED',
    message: 'The worker was killed in the middle of this.',
    nextRetryDelay: AT_ONCE,
  });
