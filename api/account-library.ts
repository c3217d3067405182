/** better-auth, set up once for all that the API does with it: accounts, passwords, sessions and personal access tokens. */
import { betterAuth, type BetterAuthOptions } from 'better-auth';
import { parseEmailAddress } from '../domain/ids.ts';
import { PASSWORD_LENGTH } from '../domain/password-rules.ts';
import { accountTables } from '../storage/account-tables.ts';
import type { Db, Trx } from '../storage/database.ts';
import type { AccountId } from '../storage/tables.ts';
import type { ApiDependencies } from './dependencies.ts';
import { alreadySignedUpMail, passwordChangedMail, passwordResetMail, verificationMail } from './mails.ts';
import type { UnwaitedWork } from './unwaited-work.ts';

export const DAY_SECONDS = 86_400;
export const SESSION_DAYS = 30;
export const VERIFICATION_HOURS = 24;
export const RESET_MINUTES = 60;

export type AccountLibrary = ReturnType<typeof openAccountLibrary>;

interface Needs extends Pick<ApiDependencies, 'settings' | 'sendMail'> {
  readonly unwaited: UnwaitedWork;
  /** Called when a password was set by the code of a mail, before that is final. */
  readonly onPasswordSet?: (account: AccountId) => Promise<void>;
}

/**
 * The library at work on a database, or inside a transaction of ours: then what it writes and our audit entry are there
 * together or not at all. Making one takes about a millisecond.
 */
export function openAccountLibrary(db: Db | Trx, { settings, sendMail, unwaited, onPasswordSet }: Needs) {
  const { authenticationSecret: secret, publicUrl } = settings;
  return betterAuth({
    ...accountTables,
    // The migrations have looked at the tables; looking again needs a connection that a transaction cannot give.
    advanced: { database: { validateSchema: false } },
    database: { db: db.withoutPlugins(), type: 'postgres' },
    secret,
    baseURL: publicUrl,
    telemetry: { enabled: false },
    logger: { disabled: true },
    session: { ...accountTables.session, expiresIn: SESSION_DAYS * DAY_SECONDS },
    verification: { ...accountTables.verification, storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      autoSignIn: false,
      requireEmailVerification: true,
      minPasswordLength: PASSWORD_LENGTH.minimum,
      maxPasswordLength: PASSWORD_LENGTH.maximum,
      onExistingUserSignUp: ({ user }) => sendMail(alreadySignedUpMail(parseEmailAddress(user.email))),
      resetPasswordTokenExpiresIn: RESET_MINUTES * 60,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) =>
        sendMail(passwordResetMail(parseEmailAddress(user.email), token, publicUrl, RESET_MINUTES)),
      onPasswordReset: async ({ user }) => {
        await onPasswordSet?.(user.id);
        unwaited.begin('The mail about a changed password was not sent.', () =>
          sendMail(passwordChangedMail(parseEmailAddress(user.email), publicUrl)),
        );
      },
    },
    emailVerification: {
      sendOnSignUp: true,
      expiresIn: VERIFICATION_HOURS * 3600,
      sendVerificationEmail: ({ user, token }) =>
        sendMail(verificationMail(parseEmailAddress(user.email), token, publicUrl, VERIFICATION_HOURS)),
    },
  } satisfies BetterAuthOptions);
}
