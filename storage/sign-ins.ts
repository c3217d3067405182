/** Sign-ins at the provider. What a browser holds of one is a secret: the database has its hash. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Sha256 } from '../domain/ids.ts';
import { SIGN_IN_SECONDS, SIGNED_IN_SECONDS, type SignInPage } from '../domain/sign-in.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

const digestOf = (secret: string): Sha256 => createHash('sha256').update(secret).digest('hex') as Sha256;

/** Begins a sign-in; answers what its browser holds while the person is at the provider. */
export const beginSignIn = (db: Db, page: SignInPage): Promise<string> => insert(db, page, null, SIGN_IN_SECONDS);

/** Uses a sign-in up that is at the provider; answers on which page it began, `undefined` where there is none. */
export async function takeBegunSignIn(db: Db, secret: string): Promise<SignInPage | undefined> {
  const taken = await db
    .deleteFrom('signIns')
    .where('secretSha256', '=', digestOf(secret))
    .where('accountId', 'is', null)
    .where('expiresAt', '>', sql<Date>`now()`)
    .returning('page')
    .executeTakeFirst();
  return taken?.page;
}

/** Notes who came back from the provider; answers by what the browser fetches the session. */
export const keepSignedIn = (trx: Trx, page: SignInPage, account: AccountId): Promise<string> =>
  insert(trx, page, account, SIGNED_IN_SECONDS);

/** Whose session the browser may fetch on this page, once. */
export async function takeSignedIn(trx: Trx, page: SignInPage, secret: string): Promise<AccountId | undefined> {
  const taken = await trx
    .deleteFrom('signIns')
    .where('secretSha256', '=', digestOf(secret))
    .where('page', '=', page)
    .where('accountId', 'is not', null)
    .where('expiresAt', '>', sql<Date>`now()`)
    .returning('accountId')
    .executeTakeFirst();
  return taken?.accountId ?? undefined;
}

async function insert(db: Db | Trx, page: SignInPage, accountId: AccountId | null, seconds: number): Promise<string> {
  await db
    .deleteFrom('signIns')
    .where('expiresAt', '<', sql<Date>`now()`)
    .execute();
  const secret = randomBytes(32).toString('base64url');
  await db
    .insertInto('signIns')
    .values({
      secretSha256: digestOf(secret),
      page,
      accountId,
      expiresAt: sql<Date>`now() + ${seconds} * interval '1 second'`,
    })
    .execute();
  return secret;
}
