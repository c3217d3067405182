/** The tables of accounts, sessions and tokens as Kysely knows them. better-auth keeps most of them: see `account-tables.ts`. */
import type { Generated } from 'kysely';
import type { UserCode } from '../domain/device-login.ts';
import type { EmailAddress, Handle, Sha256 } from '../domain/ids.ts';
import type { SignInPage } from '../domain/sign-in.ts';
import type { MaybeMoment, Moment, SetMoment } from './columns.ts';

/** The id of an account inside the database; people and workflow ids use the handle. */
export type AccountId = string;

interface AccountsTable {
  id: AccountId;
  name: string;
  email: EmailAddress;
  emailVerified: boolean;
  handle: Handle;
}

interface SessionsTable {
  id: string;
  token: string;
  userId: AccountId;
  createdAt: Moment;
  expiresAt: Moment;
  userAgent: string | null;
}

/** What better-auth keeps of mails with a code: the hash of the code, and the account. */
interface VerificationsTable {
  id: string;
  identifier: string;
  value: AccountId;
  expiresAt: Moment;
}

interface AccessTokensTable {
  id: string;
  name: string;
  start: string;
  key: string;
  referenceId: AccountId;
  enabled: boolean;
  createdAt: Moment;
  expiresAt: MaybeMoment;
  lastRequest: MaybeMoment;
  /** The scopes, in JSON. */
  permissions: string | null;
}

interface DeviceLoginsTable {
  deviceSha256: Sha256;
  userCode: UserCode;
  networkAddress: string;
  program: string;
  requestedAt: SetMoment;
  expiresAt: Moment;
  pollSeconds: number;
  askedAt: MaybeMoment;
  state: Generated<'waiting' | 'approved' | 'refused'>;
  accountId: AccountId | null;
}

interface SignInsTable {
  secretSha256: Sha256;
  page: SignInPage;
  expiresAt: Moment;
  accountId: AccountId | null;
}

/** By what an account is known: a password, or a subject at a provider. better-auth calls the issuer `providerId`. */
interface CredentialsTable {
  id: string;
  providerId: string;
  accountId: string;
  userId: AccountId;
}

interface HandlesTable {
  handle: Handle;
  claimedAt: SetMoment;
}

export interface AccountTables {
  accounts: AccountsTable;
  sessions: SessionsTable;
  verifications: VerificationsTable;
  accessTokens: AccessTokensTable;
  deviceLogins: DeviceLoginsTable;
  signIns: SignInsTable;
  credentials: CredentialsTable;
  handles: HandlesTable;
}
