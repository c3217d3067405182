/** Turns the platform's events into signals to the local workflows that wait for them. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { setTimeout as pause } from 'node:timers/promises';
import type { Party } from '../activities/party.ts';
import { signedIn } from '../activities/party.ts';
import { streamEvents, type PlatformEvent } from '../client/event-stream.ts';
import { parseBenchmarkName, parseContainerRef, type Handle } from '../domain/ids.ts';
import { associateContainerWorkflowId, associationNewsSignal } from '../workflows/associate-container/contract.ts';
import { manageAccessWorkflowId, wakeUpSignal } from '../workflows/manage-access/contract.ts';

/** Runs until `signal` fires. A lost stream is opened again where it ended; what it missed, the workflows' timers catch. */
export async function relayEvents(party: Party, account: Handle, temporal: Client, signal: AbortSignal): Promise<void> {
  let after: string | null = null;
  for (let waited = 500; !signal.aborted; waited = Math.min(waited * 2, 30_000)) {
    try {
      const { platform } = await signedIn(party);
      for await (const event of streamEvents(platform, { after, signal })) {
        await relay(event, account, temporal);
        after = event.id;
        waited = 500;
      }
    } catch {
      // The stream only makes things quick; why it broke matters to nobody as long as it comes back.
    }
    await pause(waited * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}

async function relay(event: PlatformEvent, account: Handle, temporal: Client): Promise<void> {
  if (event.container === undefined || event.benchmark === undefined) return;
  const container = parseContainerRef(event.container);
  const benchmark = parseBenchmarkName(event.benchmark);
  if (container.owner !== account) return;
  switch (event.type) {
    case 'association.changes-requested':
    case 'association.decided':
      return notify(
        temporal,
        associateContainerWorkflowId(account, container.name, benchmark),
        associationNewsSignal.name,
      );
    case 'certificate.issued':
    case 'data-owner.authorised':
      return notify(temporal, manageAccessWorkflowId(account, container.name, benchmark), wakeUpSignal.name);
    default:
      return undefined;
  }
}

/** Nobody may be waiting: then there is nobody to tell. */
async function notify(temporal: Client, workflowId: string, signal: string): Promise<void> {
  try {
    await temporal.workflow.getHandle(workflowId).signal(signal);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
