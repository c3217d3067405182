/** Webhooks that are there, switched on again and given new secrets. */
import { sql } from 'kysely';
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

async function lockWebhook(trx: Trx, owner: Account, id: string) {
  const row = await trx
    .selectFrom('webhooks')
    .select(webhookColumns)
    .where('id', '=', id)
    .where('accountId', '=', owner.id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row) return row;
  throw noSuchWebhook(id);
}
