import { proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { WebhookActivities } from '../../activities/webhooks.ts';
import { WEBHOOK_PAUSES, type WebhookDeliveryState } from '../../domain/webhook.ts';
import { QUICK } from '../story/activity-options.ts';
import type { DeliverWebhookInput } from './contract.ts';

const { attemptWebhook } = proxyActivities<WebhookActivities>(QUICK);

/** Tries until the receiver takes it. Only ids pass through here: the rest is read where it is sent. */
export async function deliverWebhook(input: DeliverWebhookInput): Promise<WebhookDeliveryState> {
  for (const [tried, pause] of WEBHOOK_PAUSES.entries()) {
    const state = await attemptWebhook.executeWithOptions({ summary: `Attempt ${tried + 1}` }, [
      { ...input, last: false },
    ]);
    if (state !== 'pending') return state;
    setCurrentDetails(`${tried + 1} attempts failed; the next one follows after ${pause} s.`);
    await sleep(pause * 1000, { summary: 'Until the next attempt' });
  }
  return attemptWebhook.executeWithOptions({ summary: 'Last attempt' }, [{ ...input, last: true }]);
}
