/** Hands events over, each once and in their order, to what mails them and sends them to webhooks. */
import { sql } from 'kysely';
import { MAILED_EVENTS } from '../domain/platform-event.ts';
import type { Db } from './database.ts';

export interface EventBatch {
  /** Ids of events that their audience hears of by mail. */
  readonly mails: readonly number[];
  readonly deliveries: readonly { readonly webhook: string; readonly event: number }[];
}

const MOST_AT_ONCE = 200;

/**
 * Hands over what happened since the last time; `false` where nothing is left. What `handOver` did not bring to its end
 * comes again, so it must bear repeats. Where another process is at it, there is nothing to do.
 */
export async function dispatchEvents(db: Db, handOver: (batch: EventBatch) => Promise<void>): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const place = await trx.selectFrom('eventDispatch').select('lastEvent').forUpdate().skipLocked().executeTakeFirst();
    if (!place) return false;
    const events = await trx
      .selectFrom('events')
      .select(['id', 'type'])
      .where('id', '>', place.lastEvent)
      .orderBy('id')
      .limit(MOST_AT_ONCE)
      .execute();
    const newest = events.at(-1)?.id;
    if (newest === undefined) return false;
    const { rows: deliveries } = await sql<{ webhook: string; event: number }>`
      SELECT webhooks.id AS webhook, events.id AS event
      FROM events JOIN webhooks ON webhooks.account_id = events.audience
      WHERE events.id > ${place.lastEvent} AND events.id <= ${newest} AND events.id > webhooks.after_event
        AND webhooks.disabled_at IS NULL
        AND (cardinality(webhooks.events) = 0 OR events.type = ANY (webhooks.events))
      ORDER BY events.id`.execute(trx);
    const mails = events.filter(({ type }) => MAILED_EVENTS.includes(type)).map(({ id }) => id);
    await handOver({ mails, deliveries });
    await trx.updateTable('eventDispatch').set({ lastEvent: newest }).execute();
    return true;
  });
}
