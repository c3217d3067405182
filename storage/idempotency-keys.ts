/** Requests that carry a key, so that a repeat gets the answer of the first and does nothing again. */
import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { AccountId } from './tables.ts';

/** How long an answer is kept, in hours. */
export const ANSWER_HOURS = 24;
/** After this many seconds a request without an answer is given up: its process was killed. */
const GIVEN_UP_SECONDS = 120;

export interface KeyedRequest {
  readonly account: AccountId;
  readonly key: string;
  /** A digest of method, path and body: the same for a repeat only. */
  readonly request: Buffer;
}

export type Beginning =
  | { readonly is: 'first' }
  | { readonly is: 'running' }
  | { readonly is: 'another' }
  | { readonly is: 'answered'; readonly answer: Buffer };

/** Takes the key for this request; of several at the same moment one is the first. Forgets what is too old. */
export async function beginKeyedRequest(db: Db, { account, key, request }: KeyedRequest): Promise<Beginning> {
  await db
    .deleteFrom('idempotencyKeys')
    .where('accountId', '=', account)
    .where(
      sql<boolean>`begun_at < now() - CASE WHEN answer IS NULL
        THEN make_interval(secs => ${GIVEN_UP_SECONDS}) ELSE make_interval(hours => ${ANSWER_HOURS}) END`,
    )
    .execute();
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('idempotencyKeys')
    .values({ accountId: account, key, request })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 1n) return { is: 'first' };
  const earlier = await db
    .selectFrom('idempotencyKeys')
    .select(['request', 'answer'])
    .where('accountId', '=', account)
    .where('key', '=', key)
    .executeTakeFirst();
  // It was given back in this very moment: the caller may come again.
  if (!earlier) return { is: 'running' };
  if (!earlier.request.equals(request)) return { is: 'another' };
  return earlier.answer === null ? { is: 'running' } : { is: 'answered', answer: earlier.answer };
}

export async function saveKeyedAnswer(db: Db, { account, key }: KeyedRequest, answer: Buffer): Promise<void> {
  await db
    .updateTable('idempotencyKeys')
    .set({ answer })
    .where('accountId', '=', account)
    .where('key', '=', key)
    .execute();
}

/** Gives the key back: nothing was done, and the same request may be tried again. */
export async function forgetKeyedRequest(db: Db, { account, key }: KeyedRequest): Promise<void> {
  await db.deleteFrom('idempotencyKeys').where('accountId', '=', account).where('key', '=', key).execute();
}
