/** What is sent to webhooks: each event once, in as many attempts as it takes, and the log of them. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { EventType } from '../domain/platform-event.ts';
import { WEBHOOK_PATIENCE_DAYS, type WebhookDeliveryState } from '../domain/webhook.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import { findEvent, recordEvents, type StoredEvent } from './events.ts';
import { byLargest, readPage, type Page, type PageRequest } from './pages.ts';
import { inPeriod, type Period } from './periods.ts';

export interface WebhookAttempt {
  readonly at: string;
  /** Of the answer; `null` where there was none. */
  readonly status: number | null;
  readonly failure: string | null;
  readonly milliseconds: number;
}

export interface WebhookDelivery {
  /** The receiver knows it as `webhook-id`. */
  readonly id: string;
  readonly type: EventType;
  readonly state: WebhookDeliveryState;
  readonly createdAt: string;
  /** The oldest first. */
  readonly attempts: readonly WebhookAttempt[];
}

export interface Parcel {
  readonly delivery: string;
  readonly url: string;
  /** To be signed with each of them; the newest first. */
  readonly sealedSecrets: readonly Buffer[];
  readonly event: StoredEvent;
}

/** What is to be sent, or how it ended: delivered already, or failed as the webhook was deleted or switched off. */
export async function openDelivery(db: Db, webhook: string, event: number): Promise<Parcel | WebhookDeliveryState> {
  await forgetOldSecret(db, webhook);
  const there = await db
    .selectFrom('webhooks')
    .select(['url', 'sealedSecret', 'oldSealedSecret', 'disabledAt'])
    .where('id', '=', webhook)
    .executeTakeFirst();
  const stored = there && (await findEvent(db, event));
  if (!stored) return 'failed';
  await db
    .insertInto('webhookDeliveries')
    .values({ webhookId: webhook, eventId: event })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { id, state } = await db
    .selectFrom('webhookDeliveries')
    .select(['id', 'state'])
    .where('webhookId', '=', webhook)
    .where('eventId', '=', event)
    .executeTakeFirstOrThrow();
  if (state !== 'pending') return state;
  if (there.disabledAt !== null) {
    await setState(db, id, 'failed');
    return 'failed';
  }
  const sealedSecrets = [there.sealedSecret, ...(there.oldSealedSecret ? [there.oldSealedSecret] : [])];
  return { delivery: id, url: there.url, sealedSecrets, event: stored.event };
}

/** Once its time is over, so that nothing is signed with it any more. */
async function forgetOldSecret(db: Db, webhook: string): Promise<void> {
  await db
    .updateTable('webhooks')
    .set({ oldSealedSecret: null, oldSecretUntil: null })
    .where('id', '=', webhook)
    .where('oldSecretUntil', '<=', sql<Date>`now()`)
    .execute();
}

export interface AttemptOutcome extends Omit<WebhookAttempt, 'at'> {
  readonly key: string;
  readonly delivery: string;
  /** Nothing is tried after it. */
  readonly last: boolean;
  /** The receiver said that it is gone for good. */
  readonly gone: boolean;
}

/** Notes an attempt, once however often it is told, and switches a webhook off that has failed for too long. */
export async function recordAttempt(db: Db, outcome: AttemptOutcome): Promise<WebhookDeliveryState> {
  const { delivery, key, status, failure, milliseconds, last, gone } = outcome;
  return db.transaction().execute(async (trx) => {
    const webhook = await trx
      .selectFrom('webhookDeliveries')
      .innerJoin('webhooks', 'webhooks.id', 'webhookDeliveries.webhookId')
      .select(['webhooks.id', 'webhooks.accountId', 'webhooks.failingSince', 'webhooks.disabledAt'])
      .where('webhookDeliveries.id', '=', delivery)
      .forNoKeyUpdate('webhooks')
      .executeTakeFirst();
    // Deleted meanwhile, with its log.
    if (!webhook) return 'failed';
    await trx
      .insertInto('webhookAttempts')
      .values({ deliveryId: delivery, key, status, failure, milliseconds })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute();
    if (failure === null) {
      await setState(trx, delivery, 'delivered');
      await trx.updateTable('webhooks').set({ failingSince: null }).where('id', '=', webhook.id).execute();
      return 'delivered';
    }
    const because = gone ? 'It answered that it is gone (410).' : await noteFailure(trx, webhook.id);
    const over = last || because !== null;
    if (over) await setState(trx, delivery, 'failed');
    if (because !== null && webhook.disabledAt === null) await disable(trx, webhook, because);
    return over ? 'failed' : 'pending';
  });
}

/** Says why the webhook is to be switched off, if it is. */
async function noteFailure(trx: Trx, webhook: string): Promise<string | null> {
  const { tooLong } = await trx
    .updateTable('webhooks')
    .set({ failingSince: sql<Date>`coalesce(failing_since, now())` })
    .where('id', '=', webhook)
    .returning(sql<boolean>`failing_since < now() - make_interval(days => ${WEBHOOK_PATIENCE_DAYS})`.as('tooLong'))
    .executeTakeFirstOrThrow();
  return tooLong ? `Nothing sent to it was taken for ${WEBHOOK_PATIENCE_DAYS} days.` : null;
}

async function disable(trx: Trx, { id, accountId }: { id: string; accountId: string }, because: string): Promise<void> {
  await trx
    .updateTable('webhooks')
    .set({ disabledAt: sql<Date>`now()`, disabledBecause: because })
    .where('id', '=', id)
    .execute();
  await recordAudit(trx, {
    action: 'webhook.disabled',
    subject: `webhook/${id}`,
    before: null,
    after: { because },
  });
  await recordEvents(trx, [{ audience: accountId, type: 'webhook.disabled' }]);
}

const setState = (db: Db | Trx, delivery: string, state: WebhookDeliveryState) =>
  db.updateTable('webhookDeliveries').set({ state }).where('id', '=', delivery).execute();

/** `from` and `until` are about when it was first to be sent. */
export interface DeliveryFilter extends Period {
  readonly state?: WebhookDeliveryState | undefined;
  readonly type?: EventType | undefined;
}

/** The newest first. */
export async function listDeliveries(
  db: Db,
  webhook: string,
  filter: DeliveryFilter,
  page: PageRequest,
): Promise<Page<WebhookDelivery>> {
  const { state, type } = filter;
  const all = db
    .selectFrom('webhookDeliveries')
    .innerJoin('events', 'events.id', 'webhookDeliveries.eventId')
    .select(['webhookDeliveries.id', 'events.type', 'webhookDeliveries.state', 'webhookDeliveries.createdAt'])
    .where('webhookId', '=', webhook)
    .where(inPeriod('webhookDeliveries.createdAt', filter))
    .$if(state !== undefined, (some) => some.where('webhookDeliveries.state', '=', state ?? null))
    .$if(type !== undefined, (some) => some.where('events.type', '=', type ?? null));
  const { items: rows, next } = await readPage(all, [byLargest('webhookDeliveries.eventId')], page);
  const attempts =
    rows.length === 0
      ? []
      : await db
          .selectFrom('webhookAttempts')
          .select(['deliveryId', 'at', 'status', 'failure', 'milliseconds'])
          .where(
            'deliveryId',
            'in',
            rows.map(({ id }) => id),
          )
          .orderBy('id')
          .execute();
  const items = rows.map(({ id, type, state, createdAt }) => ({
    id,
    type,
    state,
    createdAt: createdAt.toISOString(),
    attempts: attempts
      .filter(({ deliveryId }) => deliveryId === id)
      .map(({ at, status, failure, milliseconds }) => ({ at: at.toISOString(), status, failure, milliseconds })),
  }));
  return { items, next };
}

/**
 * Makes a delivery pending again, and answers with its event. Fails with `E_NOT_FOUND`, and with `E_CONFLICT` for a
 * webhook that is switched off.
 */
export async function reopenDelivery(db: Db, webhook: string, delivery: string): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('webhookDeliveries')
      .innerJoin('webhooks', 'webhooks.id', 'webhookDeliveries.webhookId')
      .select(['eventId', 'disabledAt'])
      .where('webhookDeliveries.id', '=', delivery)
      .where('webhookId', '=', webhook)
      .forNoKeyUpdate('webhookDeliveries')
      .executeTakeFirst();
    if (!row) throw new StrongroomError('E_NOT_FOUND', `There is no delivery ${delivery} to this webhook.`);
    if (row.disabledAt !== null) {
      throw new StrongroomError('E_CONFLICT', 'The webhook is switched off.', {
        next: `Switch it on again: strongroom webhook enable ${webhook}`,
      });
    }
    await setState(trx, delivery, 'pending');
    return row.eventId;
  });
}
