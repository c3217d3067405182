import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import type { WebhookActivities } from '../../activities/webhooks.ts';
import type { WebhookDeliveryState } from '../../domain/webhook.ts';
import { deliverWebhookWorkflowId } from '../../workflows/deliver-webhook/contract.ts';
import { deliverWebhook } from '../../workflows/deliver-webhook/workflow.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';

let environment: TestWorkflowEnvironment;
let bundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
  bundle = await bundleWorkflowCode({
    workflowsPath: new URL('../../workflows/platform.ts', import.meta.url).pathname,
  });
});
afterAll(() => environment.teardown());

/** The outcome, and the seconds at which it was tried. */
async function deliver(answers: (attempt: number, last: boolean) => WebhookDeliveryState) {
  const taskQueue = `platform-${randomUUID()}`;
  const seconds: number[] = [];
  let begun = 0;
  const activities: WebhookActivities = {
    attemptWebhook: async ({ last }) => {
      const now = await environment.currentTimeMs();
      begun ||= now;
      seconds.push(Math.round((now - begun) / 1000));
      return answers(seconds.length, last);
    },
  };
  const { nativeConnection: connection } = environment;
  const worker = await Worker.create({ connection, taskQueue, workflowBundle: bundle, activities });
  const input = { webhook: randomUUID(), event: 7 };
  const workflowId = deliverWebhookWorkflowId(input.webhook, input.event);
  const run = () => environment.client.workflow.execute(deliverWebhook, { taskQueue, workflowId, args: [input] });
  return { state: await worker.runUntil(run), seconds };
}

describe('an event for a webhook', () => {
  test('that is taken at once is sent once', async () => {
    expect(await deliver(() => 'delivered')).toEqual({ state: 'delivered', seconds: [0] });
  });

  test('is tried again after pauses that grow, until it is taken', async () => {
    const delivered = await deliver((attempt) => (attempt === 4 ? 'delivered' : 'pending'));
    expect(delivered).toEqual({ state: 'delivered', seconds: [0, 5, 305, 2105] });
  });

  test('that nobody takes is given up after more than a day, the last attempt known as such', async () => {
    const { state, seconds } = await deliver((_attempt, last) => (last ? 'failed' : 'pending'));
    expect(state).toBe('failed');
    expect(seconds).toHaveLength(8);
    expect(seconds.at(-1)).toBeGreaterThan(86_400);
  });

  test('is not tried again once its webhook is gone', async () => {
    expect(await deliver(() => 'failed')).toEqual({ state: 'failed', seconds: [0] });
  });
});
