/** Accounts, passwords and tokens, kept by better-auth and offered in our words. */
import { defaultKeyHasher } from '@better-auth/api-key';
import { betterAuth } from 'better-auth';
import { isAPIError } from 'better-auth/api';
import { StrongroomError } from '../domain/errors.ts';
import { parseEmailAddress, type EmailAddress, type Handle } from '../domain/ids.ts';
import type { Scope } from '../domain/permissions.ts';
import { ACCESS_TOKEN_PREFIX, isAccessToken } from '../storage/access-token-format.ts';
import { accountTables } from '../storage/account-tables.ts';
import {
  claimHandle,
  deletePasswordResets,
  findAccountByEmail,
  findCallerByAccessToken,
  findCallerBySession,
  releaseHandle,
  scopesColumn,
  type Account,
  type Caller,
} from '../storage/accounts.ts';
import type { ApiDependencies } from './dependencies.ts';
import { alreadySignedUpMail, passwordChangedMail, passwordResetMail, verificationMail } from './mails.ts';
import { openSessionToken, sealSessionToken } from './session-token.ts';
import { openUnwaitedWork } from './unwaited-work.ts';

const DAY_SECONDS = 86_400;
const SESSION_DAYS = 30;
const VERIFICATION_HOURS = 24;
const RESET_MINUTES = 60;

export interface SignUp {
  readonly email: EmailAddress;
  readonly handle: Handle;
  readonly displayName: string;
  readonly password: string;
}

export interface Session {
  readonly token: string;
  readonly expiresAt: string;
  readonly account: Account;
}

export interface NewAccessToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Shown only now: the database has its hash. */
  readonly token: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

export type Authentication = ReturnType<typeof openAuthentication>;

export function openAuthentication({ db, sendMail, settings, logger }: ApiDependencies) {
  const { authenticationSecret: secret, publicUrl } = settings;
  const unwaited = openUnwaitedWork(logger);
  const auth = betterAuth({
    ...accountTables,
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
      minPasswordLength: 12,
      maxPasswordLength: 128,
      onExistingUserSignUp: ({ user }) => sendMail(alreadySignedUpMail(parseEmailAddress(user.email))),
      resetPasswordTokenExpiresIn: RESET_MINUTES * 60,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, token }) =>
        sendMail(passwordResetMail(parseEmailAddress(user.email), token, publicUrl, RESET_MINUTES)),
      onPasswordReset: async ({ user }) => {
        await deletePasswordResets(db, user.id);
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
  });

  return {
    /** Answers the same whether or not the address has an account. Fails with `E_ALREADY_EXISTS` for a taken handle. */
    async signUp({ email, handle, displayName, password }: SignUp): Promise<void> {
      if (!(await claimHandle(db, handle))) {
        throw new StrongroomError('E_ALREADY_EXISTS', `The handle ${handle} is taken.`, {
          next: 'Choose another one.',
        });
      }
      try {
        await auth.api.signUpEmail({ body: { email, password, name: displayName, handle } });
      } catch (error) {
        await releaseHandle(db, handle);
        throw error;
      }
    },

    async verifyEmail(token: string): Promise<void> {
      await auth.api.verifyEmail({ query: { token } }).catch((error: unknown) => {
        if (!isAPIError(error)) throw error;
        throw new StrongroomError('E_WRONG_CREDENTIALS', 'The code does not hold.', {
          why: `It is wrong, or older than ${VERIFICATION_HOURS} hours.`,
          next: 'Ask for another verification mail.',
        });
      });
    },

    /** Sends the mail again where there is an unverified account. Returns before it is known whether there is one. */
    resendVerification(email: EmailAddress): void {
      unwaited.begin('A verification mail was not sent.', () => auth.api.sendVerificationEmail({ body: { email } }));
    },

    /** Sends a code by mail where the address has an account. Returns before it is known whether it has one. */
    requestPasswordReset(email: EmailAddress): void {
      unwaited.begin('A mail to reset a password was not sent.', () =>
        auth.api.requestPasswordReset({ body: { email } }),
      );
    },

    /** Sets the password, once, by the code of a reset mail, and ends all sessions. Fails with `E_WRONG_CREDENTIALS`. */
    async setPassword(token: string, password: string): Promise<void> {
      await auth.api.resetPassword({ body: { token, newPassword: password } }).catch((error: unknown) => {
        if (!isAPIError(error) || error.body?.code !== 'INVALID_TOKEN') throw error;
        throw new StrongroomError('E_WRONG_CREDENTIALS', 'The code does not hold.', {
          why: `It is wrong, was used, or is older than ${RESET_MINUTES} minutes.`,
          next: 'Ask for another mail: strongroom password reset --email ADDRESS',
        });
      });
    },

    /** Resolves when no mail is on its way any more. */
    mailsSent: (): Promise<void> => unwaited.ended(),

    /** Fails with `E_WRONG_CREDENTIALS`, which does not tell whether the address has an account. */
    async logIn(email: EmailAddress, password: string, userAgent = ''): Promise<Session> {
      const headers = new Headers({ 'user-agent': userAgent.slice(0, 200) });
      const { token } = await auth.api.signInEmail({ body: { email, password }, headers }).catch((error: unknown) => {
        if (isAPIError(error) && [401, 403].includes(error.statusCode)) throw wrongCredentials();
        throw error;
      });
      const account = await findAccountByEmail(db, email);
      if (!account) throw wrongCredentials();
      const expiresAt = new Date(Date.now() + SESSION_DAYS * DAY_SECONDS * 1000).toISOString();
      return { token: sealSessionToken(token, secret), expiresAt, account };
    },

    /** A token that can do what its scopes say, and nothing else. */
    async createAccessToken(
      account: Account,
      name: string,
      scopes: readonly Scope[],
      days: number | null,
    ): Promise<NewAccessToken> {
      const created = await auth.api.createApiKey({
        body: {
          name,
          userId: account.id,
          permissions: scopesColumn(scopes),
          ...(days !== null && { expiresIn: days * DAY_SECONDS }),
        },
      });
      return {
        id: created.id,
        name,
        scopes,
        token: created.key,
        createdAt: created.createdAt.toISOString(),
        expiresAt: created.expiresAt?.toISOString() ?? null,
      };
    },

    /** Whose token this is, be it a session's or a personal access token; `undefined` where it does not hold. */
    async findCaller(token: string): Promise<Caller | undefined> {
      if (token.startsWith(ACCESS_TOKEN_PREFIX)) {
        return isAccessToken(token) ? findCallerByAccessToken(db, await defaultKeyHasher(token)) : undefined;
      }
      const session = openSessionToken(token, secret);
      return session === null ? undefined : findCallerBySession(db, session);
    },
  };
}

const wrongCredentials = () =>
  new StrongroomError('E_WRONG_CREDENTIALS', 'Address and password do not fit.', {
    why: 'One of them is wrong, or the address is not verified yet.',
    next: 'Check both; with a new account, follow the link in the verification mail first.',
  });
