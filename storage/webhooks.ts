/** Webhooks of accounts. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { EventType } from '../domain/platform-event.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import type { Db } from './database.ts';
import { byOldest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';
import type { AccountId } from './tables.ts';

const MOST_OF_AN_ACCOUNT = 10;

export interface Webhook {
  readonly id: string;
  readonly url: string;
  /** None stands for all. */
  readonly events: readonly EventType[];
  readonly createdAt: string;
  /** Since when everything sent to it has failed; `null` where the last was taken. */
  readonly failingSince: string | null;
  readonly disabledAt: string | null;
  readonly disabledBecause: string | null;
  /** Until when deliveries are signed with the secret before this one, too. */
  readonly oldSecretUntil: string | null;
}

export interface NewWebhook extends Pick<Webhook, 'id' | 'url' | 'events'> {
  readonly sealedSecret: Buffer;
}

/** Makes a webhook for what happens from now on. Fails with `E_CONFLICT` where the account has too many. */
export async function insertWebhook(db: Db, owner: Account, webhook: NewWebhook): Promise<Webhook> {
  return db.transaction().execute(async (trx) => {
    await trx.selectFrom('accounts').select('id').where('id', '=', owner.id).forNoKeyUpdate().execute();
    const there = await trx.selectFrom('webhooks').select('id').where('accountId', '=', owner.id).execute();
    if (there.length >= MOST_OF_AN_ACCOUNT) {
      throw new StrongroomError('E_CONFLICT', `You have ${MOST_OF_AN_ACCOUNT} webhooks already.`, {
        next: 'Delete one first: strongroom webhook list',
      });
    }
    const row = await trx
      .insertInto('webhooks')
      .values({
        ...webhook,
        events: [...webhook.events],
        accountId: owner.id,
        afterEvent: sql<number>`(SELECT coalesce(max(id), 0) FROM events)`,
      })
      .returning(webhookColumns)
      .executeTakeFirstOrThrow();
    await recordAudit(trx, {
      action: 'webhook.created',
      subject: `webhook/${webhook.id}`,
      before: null,
      after: webhookFacts(owner, webhook),
    });
    return toWebhook(row);
  });
}

/** What makes a `Webhook`. */
export const webhookColumns = [
  'id',
  'url',
  'events',
  'createdAt',
  'failingSince',
  'disabledAt',
  'disabledBecause',
  'oldSecretUntil',
] as const;

interface Row extends Pick<Webhook, 'id' | 'url' | 'events' | 'disabledBecause'> {
  readonly createdAt: Date;
  readonly failingSince: Date | null;
  readonly disabledAt: Date | null;
  readonly oldSecretUntil: Date | null;
}

export const toWebhook = ({ id, url, events, disabledBecause, ...moments }: Row): Webhook => ({
  id,
  url,
  events,
  disabledBecause,
  createdAt: moments.createdAt.toISOString(),
  failingSince: moments.failingSince?.toISOString() ?? null,
  disabledAt: moments.disabledAt?.toISOString() ?? null,
  oldSecretUntil: moments.oldSecretUntil?.toISOString() ?? null,
});

/** What the log of changes says of a webhook: of its address no more than whose it is. */
export const webhookFacts = (owner: Account, { url, events }: Pick<Webhook, 'url' | 'events'>) => ({
  owner: owner.handle,
  origin: new URL(url).origin,
  events,
});

/** The oldest first. */
export async function listWebhooks(db: Db, owner: AccountId, page: PageRequest): Promise<Page<Webhook>> {
  const own = db.selectFrom('webhooks').select(webhookColumns).where('accountId', '=', owner);
  return mapPage(await readPage(own, [byOldest('createdAt'), byText('id')], page), toWebhook);
}

/** With the log of what was sent to it. Fails with `E_NOT_FOUND`. */
export async function deleteWebhook(db: Db, owner: Account, id: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await trx
      .deleteFrom('webhooks')
      .where('id', '=', id)
      .where('accountId', '=', owner.id)
      .returning(['url', 'events'])
      .executeTakeFirst();
    if (!row) throw noSuchWebhook(id);
    await recordAudit(trx, {
      action: 'webhook.deleted',
      subject: `webhook/${id}`,
      before: webhookFacts(owner, row),
      after: null,
    });
  });
}

export const noSuchWebhook = (id: string) =>
  new StrongroomError('E_NOT_FOUND', `You have no webhook ${id}.`, { next: 'List yours: strongroom webhook list' });
