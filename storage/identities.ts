/** Who is who at a provider: one subject of one issuer is one account, whatever its address becomes there. */
import type { Identity } from '../domain/sign-in.ts';
import type { Trx } from './database.ts';
import type { AccountId } from './tables.ts';

export async function findAccountByIdentity(
  trx: Trx,
  { issuer, subject }: Pick<Identity, 'issuer' | 'subject'>,
): Promise<AccountId | undefined> {
  const found = await trx
    .selectFrom('credentials')
    .select('userId')
    .where('providerId', '=', issuer)
    .where('accountId', '=', subject)
    .executeTakeFirst();
  return found?.userId;
}

/** An account whose address nobody proved: whoever made it may know its password, so that goes as the owner comes. */
export async function proveAddress(trx: Trx, account: AccountId): Promise<void> {
  await trx.deleteFrom('credentials').where('userId', '=', account).execute();
  await trx.deleteFrom('sessions').where('userId', '=', account).execute();
  await trx.deleteFrom('verifications').where('value', '=', account).execute();
  await trx.updateTable('accounts').set({ emailVerified: true }).where('id', '=', account).execute();
}
