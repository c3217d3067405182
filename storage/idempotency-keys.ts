/** Requests that carry a key, so that a repeat gets the answer of the first and does nothing again. */
import { sql } from 'kysely';
import { isDead } from './api-process.ts';
import type { Db } from './database.ts';
import type { AccountId } from './tables.ts';

/** How long an answer is kept, in hours; and a request that was never answered. */
export const ANSWER_HOURS = 24;

export interface KeyedRequest {
  readonly account: AccountId;
  readonly key: string;
  /** A digest of method, path and body: the same for a repeat only. */
  readonly request: Buffer;
  /** A UUID of this one attempt: only it may answer, or give back, what it began. */
  readonly attempt: string;
  /** The process of the API that works on it. */
  readonly processId: number;
}

export type Beginning =
  | { readonly is: 'first' }
  | { readonly is: 'running' }
  | { readonly is: 'another' }
  | { readonly is: 'answered'; readonly answer: Buffer };

/**
 * Takes the key for this request; of several at the same moment one is the first. A key whose process died before it
 * answered is taken over. Forgets what is too old.
 */
export async function beginKeyedRequest(db: Db, keyed: KeyedRequest): Promise<Beginning> {
  const { account, key, request, attempt, processId } = keyed;
  await db
    .deleteFrom('idempotencyKeys')
    .where('accountId', '=', account)
    .where(sql<boolean>`begun_at < now() - make_interval(hours => ${ANSWER_HOURS})`)
    .execute();
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('idempotencyKeys')
    .values({ accountId: account, key, request, attempt, processId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 1n) return { is: 'first' };
  const earlier = await db
    .selectFrom('idempotencyKeys')
    .select(['request', 'answer', 'attempt'])
    .where('accountId', '=', account)
    .where('key', '=', key)
    .executeTakeFirst();
  // It was given back in this very moment: the caller may come again.
  if (!earlier) return { is: 'running' };
  if (!earlier.request.equals(request)) return { is: 'another' };
  if (earlier.answer !== null) return { is: 'answered', answer: earlier.answer };
  return (await takeOver(db, earlier.attempt, keyed)) ? { is: 'first' } : { is: 'running' };
}

/** Goes on in the place of an attempt whose process is dead; of several at the same moment one does. */
async function takeOver(db: Db, abandoned: string, { account, key, attempt, processId }: KeyedRequest) {
  const { numUpdatedRows } = await db
    .updateTable('idempotencyKeys')
    .set({ attempt, processId, begunAt: sql<Date>`now()` })
    .where('accountId', '=', account)
    .where('key', '=', key)
    .where('attempt', '=', abandoned)
    .where('answer', 'is', null)
    .where(isDead(sql<number>`process_id`))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function saveKeyedAnswer(db: Db, { account, key, attempt }: KeyedRequest, answer: Buffer): Promise<void> {
  await db
    .updateTable('idempotencyKeys')
    .set({ answer })
    .where('accountId', '=', account)
    .where('key', '=', key)
    .where('attempt', '=', attempt)
    .execute();
}

/** Gives the key back: nothing was done, and the same request may be tried again. */
export async function forgetKeyedRequest(db: Db, { account, key, attempt }: KeyedRequest): Promise<void> {
  await db
    .deleteFrom('idempotencyKeys')
    .where('accountId', '=', account)
    .where('key', '=', key)
    .where('attempt', '=', attempt)
    .execute();
}
