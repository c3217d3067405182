/** The sessions of an account: each is a log-in that has not ended. */
import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { AccountId } from './tables.ts';

export interface OpenSession {
  readonly id: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The program that logged in, as it calls itself. */
  readonly userAgent: string | null;
}

/** Those that have not run out, the newest first. */
export async function listSessions(db: Db, account: AccountId): Promise<OpenSession[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'createdAt', 'expiresAt', 'userAgent'])
    .where('userId', '=', account)
    .where('expiresAt', '>', sql<Date>`now()`)
    .orderBy('createdAt', 'desc')
    .execute();
  return rows.map(({ createdAt, expiresAt, userAgent, ...row }) => ({
    ...row,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    userAgent: userAgent === '' ? null : userAgent,
  }));
}

/** No other request is admitted by it. */
export async function deleteSession(db: Db, id: string): Promise<void> {
  await db.deleteFrom('sessions').where('id', '=', id).execute();
}

/** Ends all sessions of an account; answers how many there were. */
export async function deleteSessions(db: Db, account: AccountId): Promise<number> {
  const { numDeletedRows } = await db.deleteFrom('sessions').where('userId', '=', account).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
