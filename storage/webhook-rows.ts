/** The tables of webhooks and of what was sent to them, as Kysely knows them. */
import type { Generated } from 'kysely';
import type { EventType } from '../domain/platform-event.ts';
import type { WebhookDeliveryState } from '../domain/webhook.ts';
import type { AccountId } from './account-rows.ts';
import type { MaybeMoment, SetMoment } from './columns.ts';

interface EventDispatchTable {
  onlyOne: Generated<boolean>;
  lastEvent: number;
}

interface WebhookKeyTable {
  onlyOne: Generated<boolean>;
  publicKey: string;
}

interface WebhooksTable {
  id: string;
  accountId: AccountId;
  url: string;
  /** None stands for all. */
  events: EventType[];
  /** To the worker's key. */
  sealedSecret: Buffer;
  /** The one before, while deliveries are signed with both. */
  oldSealedSecret: Buffer | null;
  oldSecretUntil: MaybeMoment;
  createdAt: SetMoment;
  /** What happened before the webhook was there is not sent to it. */
  afterEvent: number;
  failingSince: MaybeMoment;
  disabledAt: MaybeMoment;
  disabledBecause: string | null;
}

interface WebhookDeliveriesTable {
  id: Generated<string>;
  webhookId: string;
  eventId: number;
  state: Generated<WebhookDeliveryState>;
  createdAt: SetMoment;
}

interface WebhookAttemptsTable {
  id: Generated<number>;
  deliveryId: string;
  /** The same for a repeat of the same attempt. */
  key: string;
  at: SetMoment;
  status: number | null;
  failure: string | null;
  milliseconds: number;
}

export interface WebhookTables {
  eventDispatch: EventDispatchTable;
  webhookKey: WebhookKeyTable;
  webhooks: WebhooksTable;
  webhookDeliveries: WebhookDeliveriesTable;
  webhookAttempts: WebhookAttemptsTable;
}
