/** Webhooks: events sent to an address of somebody's choice, signed as Standard Webhooks says. */

/** Before each further attempt, in seconds: from five seconds to ten hours, more than a day in all. */
export const WEBHOOK_PAUSES: readonly number[] = [5, 300, 1800, 7200, 18_000, 36_000, 36_000];

/** A webhook that took nothing for so long is switched off. */
export const WEBHOOK_PATIENCE_DAYS = 5;

/** How long deliveries are signed with the old secret, too, once there is a new one; and how long that may be. */
export const SECRET_OVERLAP_HOURS = { usual: 24, most: 168 };

export const WEBHOOK_DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type WebhookDeliveryState = (typeof WEBHOOK_DELIVERY_STATES)[number];

/** What a sealed secret is bound to, as the label of RSA-OAEP (RFC 8017): it opens for its own webhook only. */
export const webhookSecretLabel = (webhook: string): string => `strongroom webhook secret v1 ${webhook}`;
