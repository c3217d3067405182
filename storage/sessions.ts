/** The sessions of an account: each is a log-in that has not ended. */
import { sql } from 'kysely';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { byNewest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface OpenSession {
  readonly id: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The program that logged in, as it calls itself. */
  readonly userAgent: string | null;
}

/** Those that have not run out, the newest first. */
export async function listSessions(db: Db, account: AccountId, page: PageRequest): Promise<Page<OpenSession>> {
  const open = db
    .selectFrom('sessions')
    .select(['id', 'createdAt', 'expiresAt', 'userAgent'])
    .where('userId', '=', account)
    .where('expiresAt', '>', sql<Date>`now()`);
  const found = await readPage(open, [byNewest('createdAt'), byText('id')], page);
  return mapPage(found, ({ id, createdAt, expiresAt, userAgent }) => ({
    id,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    userAgent: userAgent === '' ? null : userAgent,
  }));
}

/** The session of a token, as the database has it. */
export async function findSession(trx: Trx, token: string): Promise<{ id: string; token: string; expiresAt: Date }> {
  return trx
    .selectFrom('sessions')
    .select(['id', 'token', 'expiresAt'])
    .where('token', '=', token)
    .executeTakeFirstOrThrow();
}

/** No other request is admitted by it. */
export async function deleteSession(db: Db, id: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx.deleteFrom('sessions').where('id', '=', id).executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return;
    await recordAudit(trx, { action: 'session.ended', subject: `session/${id}`, before: {}, after: null });
  });
}

/** Ends all sessions of an account; answers how many there were. */
export async function deleteSessions(db: Db, { id, handle }: Account): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx.deleteFrom('sessions').where('userId', '=', id).executeTakeFirstOrThrow();
    const sessions = Number(numDeletedRows);
    const subject = `account/${handle}`;
    await recordAudit(trx, { action: 'account.logged-out', subject, before: { sessions }, after: { sessions: 0 } });
    return sessions;
  });
}
