/** What is stuck, and on whom: running work that waits for somebody, the oldest first, each with its page in the Web UI. */
import type { Client } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/story/contract.ts';

export interface WaitingWork {
  readonly workflow: string;
  readonly stage: string;
  readonly waitingOn: string;
  /** ISO 8601. */
  readonly begun: string;
  /** Its page in the Web UI; `null` where nobody said where that is. */
  readonly page: string | null;
}

/** Nobody reads a longer list; the Web UI has it whole. */
const MOST = 200;
const WAITS = "ExecutionStatus = 'Running' AND WaitingOn IS NOT NULL";

/** Where the Web UI shows what the list is about, by its saved query. */
export const waitingQueryPage = (uiUrl: string, namespace: string): string =>
  `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodeURIComponent(WAITS)}`;

export const workflowPage = (uiUrl: string, namespace: string, workflow: string): string =>
  `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflow)}`;

/** Fails as Temporal's visibility does. */
export async function listWaitingWork(temporal: Client, uiUrl: string | null): Promise<WaitingWork[]> {
  const found: WaitingWork[] = [];
  const { namespace } = temporal.options;
  for await (const { workflowId, typedSearchAttributes, startTime } of temporal.workflow.list({ query: WAITS })) {
    found.push({
      workflow: workflowId,
      stage: typedSearchAttributes.get(SEARCH_ATTRIBUTES.stage) ?? '',
      waitingOn: typedSearchAttributes.get(SEARCH_ATTRIBUTES.waitingOn) ?? '',
      begun: startTime.toISOString(),
      page: uiUrl === null ? null : workflowPage(uiUrl, namespace, workflowId),
    });
    if (found.length === MOST) break;
  }
  return found.sort((left, right) => left.begun.localeCompare(right.begun));
}
