/** The public half of the key that webhooks' secrets are sealed to; the other one is only on the worker. */
import type { Db } from './database.ts';

/** In PEM; the worker makes it known when it starts. */
export async function saveWebhookKey(db: Db, publicKey: string): Promise<void> {
  await db
    .insertInto('webhookKey')
    .values({ publicKey })
    .onConflict((conflict) => conflict.column('onlyOne').doUpdateSet({ publicKey }))
    .execute();
}

export async function findWebhookKey(db: Db): Promise<string | undefined> {
  return (await db.selectFrom('webhookKey').select('publicKey').executeTakeFirst())?.publicKey;
}
