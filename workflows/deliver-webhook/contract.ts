/** Delivery of one event to one webhook, with pauses that grow, until it is taken or given up. */
export const DELIVER_WEBHOOK = 'deliverWebhook';
export const deliverWebhookWorkflowId = (webhook: string, event: number): string => `webhook/${webhook}/${event}`;
/** Once more, because somebody asked for it. */
export const redeliverWebhookWorkflowId = (webhook: string, event: number): string =>
  `${deliverWebhookWorkflowId(webhook, event)}/again`;

export interface DeliverWebhookInput {
  readonly webhook: string;
  readonly event: number;
}
