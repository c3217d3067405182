/** How every log-in ends: a session, its entry in the log, and the token of it. */
import type { Account } from '../storage/accounts.ts';
import { findAccountById } from '../storage/accounts.ts';
import { actingAsAccount, recordAudit } from '../storage/audit.ts';
import type { Trx } from '../storage/database.ts';
import { sealSessionToken } from './session-token.ts';

export const PROGRAM_LENGTH = 200;

export interface Session {
  readonly token: string;
  readonly expiresAt: string;
  readonly account: Account;
}

export interface BegunSession {
  readonly id: string;
  readonly token: string;
  readonly expiresAt: Date;
}

/** Says in the log that somebody logged in, and makes the token of it. `undefined` where the account is gone. */
export async function beginSession(
  trx: Trx,
  given: BegunSession,
  accountId: string,
  by: 'password' | 'device' | 'provider',
  secret: string,
): Promise<Session | undefined> {
  const account = await findAccountById(trx, accountId);
  if (!account) return undefined;
  const expiresAt = given.expiresAt.toISOString();
  const begun = { action: 'session.begun', subject: `session/${given.id}`, before: null } as const;
  await actingAsAccount(account.handle, () => recordAudit(trx, { ...begun, after: { by, expiresAt } }));
  return { token: sealSessionToken(given.token, secret), expiresAt, account };
}
