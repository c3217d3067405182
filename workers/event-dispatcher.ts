/** Starts the mails and webhook deliveries of what happens. Notes of the database make it quick, a timer makes it certain. */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, type Client } from '@temporalio/client';
import type { Db } from '../storage/database.ts';
import { dispatchEvents, type EventBatch } from '../storage/event-dispatch.ts';
import type { EventListener } from '../storage/event-listener.ts';
import { DELIVER_WEBHOOK, deliverWebhookWorkflowId } from '../workflows/deliver-webhook/contract.ts';
import { MAIL_EVENT, mailEventWorkflowId } from '../workflows/mail-event/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';

const EVERY_MS = 15_000;

export interface EventDispatching {
  readonly db: Db;
  readonly temporal: Client;
  readonly events: EventListener;
  readonly onFailure: (error: unknown) => void;
}

/** Goes on until it is stopped. A batch that failed, for instance as Temporal was away, is taken up with the next one. */
export function startEventDispatcher({ db, temporal, events, onFailure }: EventDispatching): { stop(): Promise<void> } {
  let wanted = false;
  let stopped = false;
  let working: Promise<void> | null = null;
  const work = async () => {
    try {
      while (wanted && !stopped) {
        wanted = false;
        while (await dispatchEvents(db, (batch) => startAll(temporal, batch)));
      }
    } catch (error) {
      if (!stopped) onFailure(error);
    } finally {
      working = null;
    }
  };
  const wake = () => {
    wanted = true;
    working ??= work();
  };
  const stopListening = events.listenToAll(wake);
  const timer = setInterval(wake, EVERY_MS);
  wake();
  return {
    async stop() {
      stopped = true;
      stopListening();
      clearInterval(timer);
      await working;
    },
  };
}

async function startAll(temporal: Client, { mails, deliveries }: EventBatch): Promise<void> {
  for (const event of mails) await startOnce(temporal, MAIL_EVENT, mailEventWorkflowId(event), event);
  for (const { webhook, event } of deliveries) {
    await startOnce(temporal, DELIVER_WEBHOOK, deliverWebhookWorkflowId(webhook, event), { webhook, event });
  }
}

/** A batch may come twice; each of its workflows runs once. */
async function startOnce(temporal: Client, type: string, workflowId: string, input: unknown): Promise<void> {
  try {
    await temporal.workflow.start(type, {
      workflowId,
      taskQueue: PLATFORM_TASK_QUEUE,
      args: [input],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
