/** Accounts as the rest of the platform sees them, and the tokens by which they are known. */
import { sql } from 'kysely';
import type { EmailAddress, Handle } from '../domain/ids.ts';
import { isScope, type Scope } from '../domain/permissions.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { byOldest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface Account {
  readonly id: AccountId;
  readonly handle: Handle;
  readonly email: EmailAddress;
  readonly emailVerified: boolean;
  readonly displayName: string;
}

/** By what a request shows whose it is. */
export type Credential =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'token'; readonly id: string; readonly name: string; readonly scopes: readonly Scope[] };

export interface Caller {
  readonly account: Account;
  readonly credential: Credential;
}

export interface AccessToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
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

/** Whose session this is, while it lasts. */
export async function findCallerBySession(db: Db, sessionToken: string): Promise<Caller | undefined> {
  const found = await db
    .selectFrom('sessions')
    .innerJoin('accounts', 'accounts.id', 'sessions.userId')
    .select(COLUMNS)
    .select('sessions.id as sessionId')
    .where('sessions.token', '=', sessionToken)
    .where('sessions.expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (!found) return undefined;
  const { sessionId, ...account } = found;
  return { account, credential: { kind: 'session', id: sessionId } };
}

/** Whose access token has this hash, while it holds. Notes its use, to the minute. */
export async function findCallerByAccessToken(db: Db, keyHash: string): Promise<Caller | undefined> {
  const found = await db
    .selectFrom('accessTokens')
    .innerJoin('accounts', 'accounts.id', 'accessTokens.referenceId')
    .select(COLUMNS)
    .select([
      'accessTokens.id as tokenId',
      'accessTokens.name as tokenName',
      'accessTokens.permissions',
      sql<boolean>`coalesce(last_request < now() - interval '1 minute', true)`.as('stale'),
    ])
    .where('key', '=', keyHash)
    .where('enabled', '=', true)
    .where((where) => where.or([where('expiresAt', 'is', null), where('expiresAt', '>', sql<Date>`now()`)]))
    .executeTakeFirst();
  if (!found) return undefined;
  const { tokenId, tokenName, permissions, stale, ...account } = found;
  if (stale) {
    await db
      .updateTable('accessTokens')
      .set({ lastRequest: sql<Date>`now()` })
      .where('id', '=', tokenId)
      .execute();
  }
  return { account, credential: { kind: 'token', id: tokenId, name: tokenName, scopes: toScopes(permissions) } };
}

/** The form in which the column holds scopes. */
export const scopesColumn = (scopes: readonly Scope[]): Record<string, string[]> => ({ scopes: [...scopes] });

/** A word that is no scope, for instance of another version, allows nothing. */
function toScopes(permissions: string | null): Scope[] {
  const { scopes } = JSON.parse(permissions ?? '{}') as { scopes?: unknown };
  return Array.isArray(scopes) ? scopes.filter((word) => typeof word === 'string').filter(isScope) : [];
}

export async function findAccountByHandle(db: Db | Trx, handle: Handle): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('handle', '=', handle).executeTakeFirst();
}

export async function findAccountById(db: Db | Trx, id: AccountId): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('id', '=', id).executeTakeFirst();
}

export async function findAccountByEmail(db: Db | Trx, email: EmailAddress): Promise<Account | undefined> {
  return db.selectFrom('accounts').select(COLUMNS).where('email', '=', email).executeTakeFirst();
}

/** The codes of all reset mails of an account stop to hold. */
export async function deletePasswordResets(db: Db | Trx, account: AccountId): Promise<void> {
  await db.deleteFrom('verifications').where('value', '=', account).execute();
}

/** Where the accounts with these handles get their mail. */
export async function listMailAddresses(db: Db, handles: readonly Handle[]): Promise<EmailAddress[]> {
  if (handles.length === 0) return [];
  const rows = await db
    .selectFrom('accounts')
    .select('email')
    .where('handle', 'in', [...handles])
    .execute();
  return rows.map(({ email }) => email);
}

/** Takes a handle for a sign-up; `false` where it is taken. */
export async function claimHandle(db: Db | Trx, handle: Handle): Promise<boolean> {
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

export async function listAccessTokens(db: Db, account: AccountId, page: PageRequest): Promise<Page<AccessToken>> {
  const own = db
    .selectFrom('accessTokens')
    .select(['id', 'name', 'start', 'permissions', 'createdAt', 'expiresAt', 'lastRequest'])
    .where('referenceId', '=', account);
  const found = await readPage(own, [byOldest('createdAt'), byText('id')], page);
  return mapPage(found, ({ permissions, createdAt, expiresAt, lastRequest, id, name, start }) => ({
    ...{ id, name, start },
    scopes: toScopes(permissions),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastRequest?.toISOString() ?? null,
  }));
}

/** Deletes one of the account's tokens; no other request is admitted by it. */
export async function deleteAccessToken(db: Db, account: AccountId, id: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const deleted = await trx
      .deleteFrom('accessTokens')
      .where('referenceId', '=', account)
      .where('id', '=', id)
      .returning(['name', 'permissions'])
      .executeTakeFirst();
    if (!deleted) return;
    await recordAudit(trx, {
      action: 'access-token.revoked',
      subject: `access-token/${id}`,
      before: { name: deleted.name, scopes: toScopes(deleted.permissions) },
      after: null,
    });
  });
}
