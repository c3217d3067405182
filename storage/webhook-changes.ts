/** Webhooks that are there, changed, switched on again and given new secrets. */
import { sql } from 'kysely';
import { isDeepStrictEqual } from 'node:util';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import { noSuchWebhook, toWebhook, webhookColumns, webhookFacts, type Webhook } from './webhooks.ts';

/** Switches a webhook on for what happens from now on. One that is on stays as it is. Fails with `E_NOT_FOUND`. */
export async function enableWebhook(db: Db, owner: Account, id: string): Promise<Webhook> {
  return db.transaction().execute(async (trx) => {
    const there = await lockWebhook(trx, owner, id);
    if (there.disabledAt === null) return toWebhook(there);
    const row = await trx
      .updateTable('webhooks')
      .set({
        disabledAt: null,
        disabledBecause: null,
        failingSince: null,
        afterEvent: sql<number>`(SELECT coalesce(max(id), 0) FROM events)`,
      })
      .where('id', '=', id)
      .returning(webhookColumns)
      .executeTakeFirstOrThrow();
    await recordAudit(trx, {
      action: 'webhook.enabled',
      subject: `webhook/${id}`,
      before: { because: there.disabledBecause },
      after: webhookFacts(owner, row),
    });
    return toWebhook(row);
  });
}

export type WebhookSettings = Pick<Webhook, 'url' | 'events'>;

/** Fails with `E_NOT_FOUND`. */
export async function readWebhookSettings(db: Db, owner: Account, id: string): Promise<WebhookSettings> {
  const row = await ofOwner(db, owner, id).select(['url', 'events']).executeTakeFirst();
  if (row) return row;
  throw noSuchWebhook(id);
}

/**
 * Puts settings in place of those that are there. `mayReplace` throws where those must stay: nobody changes them between
 * that and the change. Fails with `E_NOT_FOUND`.
 */
export async function setWebhookSettings(
  db: Db,
  owner: Account,
  id: string,
  { url, events }: WebhookSettings,
  mayReplace: (there: WebhookSettings) => void,
): Promise<WebhookSettings> {
  return db.transaction().execute(async (trx) => {
    const { url: oldUrl, events: oldEvents } = await lockWebhook(trx, owner, id);
    const there = { url: oldUrl, events: oldEvents };
    const wanted = { url, events: [...events] };
    mayReplace(there);
    if (isDeepStrictEqual(there, wanted)) return there;
    await trx.updateTable('webhooks').set(wanted).where('id', '=', id).execute();
    await recordAudit(trx, {
      action: 'webhook.changed',
      subject: `webhook/${id}`,
      before: webhookFacts(owner, there),
      after: webhookFacts(owner, wanted),
    });
    return wanted;
  });
}

export interface NewSecret {
  readonly sealedSecret: Buffer;
  /** For so long deliveries are signed with the secret that was there, too; 0 ends that one at once. */
  readonly overlapHours: number;
}

/** Gives a webhook another secret. Of those before only the last one may sign on. Fails with `E_NOT_FOUND`. */
export async function replaceWebhookSecret(
  db: Db,
  owner: Account,
  id: string,
  { sealedSecret, overlapHours }: NewSecret,
): Promise<Webhook> {
  return db.transaction().execute(async (trx) => {
    await lockWebhook(trx, owner, id);
    const overlaps = overlapHours > 0;
    const row = await trx
      .updateTable('webhooks')
      .set((old) => ({
        sealedSecret,
        oldSealedSecret: overlaps ? old.ref('sealedSecret') : null,
        oldSecretUntil: overlaps ? sql<Date>`now() + make_interval(hours => ${overlapHours})` : null,
      }))
      .where('id', '=', id)
      .returning(webhookColumns)
      .executeTakeFirstOrThrow();
    const webhook = toWebhook(row);
    await recordAudit(trx, {
      action: 'webhook.secret-rotated',
      subject: `webhook/${id}`,
      before: null,
      after: { oldSecretUntil: webhook.oldSecretUntil },
    });
    return webhook;
  });
}

const ofOwner = (db: Db | Trx, { id: owner }: Account, id: string) =>
  db.selectFrom('webhooks').where('id', '=', id).where('accountId', '=', owner);

async function lockWebhook(trx: Trx, owner: Account, id: string) {
  const row = await ofOwner(trx, owner, id).select(webhookColumns).forNoKeyUpdate().executeTakeFirst();
  if (row) return row;
  throw noSuchWebhook(id);
}
