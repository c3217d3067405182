/** Webhooks, as their story needs them: one attempt to deliver, noted. */
import { activityInfo } from '@temporalio/activity';
import type { WebhookDeliveryState } from '../domain/webhook.ts';
import { openDelivery, recordAttempt } from '../storage/webhook-deliveries.ts';
import type { Platform } from './platform.ts';
import { openWebhookSecret, sendParcel } from './webhook-request.ts';

export interface WebhookActivities {
  /** `pending` where it is to be tried again. */
  attemptWebhook(attempt: {
    readonly webhook: string;
    readonly event: number;
    /** Nothing is tried after it. */
    readonly last: boolean;
  }): Promise<WebhookDeliveryState>;
}

export function createWebhookActivities({ db, webhooks }: Pick<Platform, 'db' | 'webhooks'>): WebhookActivities {
  return {
    async attemptWebhook({ webhook, event, last }) {
      const parcel = await openDelivery(db, webhook, event);
      if (typeof parcel === 'string') return parcel;
      const secrets: Buffer[] = [];
      const begun = performance.now();
      try {
        for (const sealed of parcel.sealedSecrets) secrets.push(openWebhookSecret(webhooks.key, webhook, sealed));
        const answer = await sendParcel(parcel, secrets, webhooks.policy);
        const milliseconds = Math.round(performance.now() - begun);
        return await recordAttempt(db, { ...answer, milliseconds, delivery: parcel.delivery, key: attemptKey(), last });
      } finally {
        for (const secret of secrets) secret.fill(0);
      }
    },
  };
}

/** The same each time that one step of a delivery is tried. */
function attemptKey(): string {
  const { workflowExecution, activityId } = activityInfo();
  return `${workflowExecution?.runId ?? ''}/${activityId}`;
}
