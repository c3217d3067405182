/** Accounts as the rest of the platform sees them, and the tokens by which they are known. */
import { sql } from 'kysely';
import type { EmailAddress, Handle } from '../domain/ids.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

export interface Account {
  readonly id: AccountId;
  readonly handle: Handle;
  readonly email: EmailAddress;
  readonly emailVerified: boolean;
  readonly displayName: string;
}

export interface AccessToken {
  readonly id: string;
  readonly name: string;
  readonly start: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

const COLUMNS = [
  'accounts.id',
  'accounts.handle',
  'accounts.email',
  'accounts.emailVerified',
  'accounts.name as displayName',
] as const;

/** An account, and by which of its tokens it is known. */
export interface Caller {
  readonly account: Account;
  /** The id of the session or access token; never the token. */
  readonly tokenId: string;
}

/** Whose session this is, while it lasts. */
export async function findCallerBySession(db: Db, sessionToken: string): Promise<Caller | undefined> {
  const found = await db
    .selectFrom('sessions')
    .innerJoin('accounts', 'accounts.id', 'sessions.userId')
    .select(COLUMNS)
    .select('sessions.id as tokenId')
    .where('sessions.token', '=', sessionToken)
    .where('sessions.expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (!found) return undefined;
  const { tokenId, ...account } = found;
  return { account, tokenId };
}

/** Whose access token has this hash, while it holds. Notes its use, to the minute. */
export async function findCallerByAccessToken(db: Db, keyHash: string): Promise<Caller | undefined> {
  const found = await db
    .selectFrom('accessTokens')
    .innerJoin('accounts', 'accounts.id', 'accessTokens.referenceId')
    .select(COLUMNS)
    .select([
      'accessTokens.id as tokenId',
      sql<boolean>`coalesce(last_request < now() - interval '1 minute', true)`.as('stale'),
    ])
    .where('key', '=', keyHash)
    .where('enabled', '=', true)
    .where((where) => where.or([where('expiresAt', 'is', null), where('expiresAt', '>', sql<Date>`now()`)]))
    .executeTakeFirst();
  if (!found) return undefined;
  const { tokenId, stale, ...account } = found;
  if (stale) {
    await db
      .updateTable('accessTokens')
      .set({ lastRequest: sql<Date>`now()` })
      .where('id', '=', tokenId)
      .execute();
  }
  return { account, tokenId };
}

export async function findAccountByHandle(db: Db | Trx, handle: Handle): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('handle', '=', handle).executeTakeFirst();
}

export async function findAccountByEmail(db: Db | Trx, email: EmailAddress): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('email', '=', email).executeTakeFirst();
}

/** Takes a handle for a sign-up; `false` where it is taken. */
export async function claimHandle(db: Db, handle: Handle): Promise<boolean> {
  const claim = db
    .insertInto('handles')
    .values({ handle })
    .onConflict((conflict) => conflict.doNothing());
  return (await claim.executeTakeFirst()).numInsertedOrUpdatedRows === 1n;
}

/** Gives a handle back after a sign-up that failed. A handle that an account has stays. */
export async function releaseHandle(db: Db, handle: Handle): Promise<void> {
  await db
    .deleteFrom('handles')
    .where('handle', '=', handle)
    .where((query) => query.not(query.exists(query.selectFrom('accounts').select('id').where('handle', '=', handle))))
    .execute();
}

export async function deleteSession(db: Db, sessionToken: string): Promise<void> {
  await db.deleteFrom('sessions').where('token', '=', sessionToken).execute();
}

export async function listAccessTokens(db: Db, account: AccountId): Promise<AccessToken[]> {
  const rows = await db
    .selectFrom('accessTokens')
    .select(['id', 'name', 'start', 'createdAt', 'expiresAt', 'lastRequest'])
    .where('referenceId', '=', account)
    .orderBy('createdAt')
    .execute();
  return rows.map(({ createdAt, expiresAt, lastRequest, ...row }) => ({
    ...row,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastRequest?.toISOString() ?? null,
  }));
}

/** Deletes one of the account's tokens; `false` where it has no such token. */
export async function deleteAccessToken(db: Db, account: AccountId, id: string): Promise<boolean> {
  const deleted = await db
    .deleteFrom('accessTokens')
    .where('referenceId', '=', account)
    .where('id', '=', id)
    .executeTakeFirst();
  return deleted.numDeletedRows === 1n;
}
