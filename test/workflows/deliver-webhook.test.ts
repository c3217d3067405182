import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { WebhookActivities } from '../../activities/webhooks.ts';
import type { WebhookDeliveryState } from '../../domain/webhook.ts';
import { deliverWebhookWorkflowId } from '../../workflows/deliver-webhook/contract.ts';
import { deliverWebhook } from '../../workflows/deliver-webhook/workflow.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';

let environment: TestWorkflowEnvironment;
let bundle: { readonly codePath: string };

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
  bundle = await workflowBundle('platform');
});
afterAll(() => environment.teardown());

/** The outcome, how often it was tried, and the pauses between, in seconds. */
async function deliver(answers: (attempt: number, last: boolean) => WebhookDeliveryState) {
  const taskQueue = `platform-${randomUUID()}`;
  let attempts = 0;
  const activities: WebhookActivities = {
    attemptWebhook: async ({ last }) => answers((attempts += 1), last),
  };
  const { nativeConnection: connection } = environment;
  const worker = await Worker.create({ connection, taskQueue, workflowBundle: bundle, activities });
  const input = { webhook: randomUUID(), event: 7 };
  const workflowId = deliverWebhookWorkflowId(input.webhook, input.event);
  const run = () => environment.client.workflow.execute(deliverWebhook, { taskQueue, workflowId, args: [input] });
  const state = await worker.runUntil(run);
  const { events } = await environment.client.workflow.getHandle(workflowId).fetchHistory();
  const timers = (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) => timer ?? []);
  return { state, attempts, pauses: timers.map(({ startToFireTimeout }) => Number(startToFireTimeout?.seconds)) };
}

describe('an event for a webhook', () => {
  test('that is taken at once is sent once', async () => {
    expect(await deliver(() => 'delivered')).toEqual({ state: 'delivered', attempts: 1, pauses: [] });
  });

  test('is tried again after pauses that grow, until it is taken', async () => {
    const delivered = await deliver((attempt) => (attempt === 4 ? 'delivered' : 'pending'));
    expect(delivered).toEqual({ state: 'delivered', attempts: 4, pauses: [5, 300, 1800] });
  });

  test('that nobody takes is given up after more than a day, the last attempt known as such', async () => {
    const { state, attempts, pauses } = await deliver((_attempt, last) => (last ? 'failed' : 'pending'));
    expect([state, attempts]).toEqual(['failed', 8]);
    expect(pauses.reduce((sum, seconds) => sum + seconds, 0)).toBeGreaterThan(86_400);
  });

  test('is not tried again once its webhook is gone', async () => {
    expect(await deliver(() => 'failed')).toEqual({ state: 'failed', attempts: 1, pauses: [] });
  });
});
