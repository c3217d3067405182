/** Accounts, passwords and tokens, kept by better-auth and offered in our words; each change with its audit entry. */
import { defaultKeyHasher } from '@better-auth/api-key';
import { isAPIError } from 'better-auth/api';
import { StrongroomError } from '../domain/errors.ts';
import type { EmailAddress, Handle } from '../domain/ids.ts';
import { checkPassword } from '../domain/password-rules.ts';
import type { Scope } from '../domain/permissions.ts';
import { ACCESS_TOKEN_PREFIX, isAccessToken } from '../storage/access-token-format.ts';
import {
  claimHandle,
  deletePasswordResets,
  findAccountById,
  findCallerByAccessToken,
  findCallerBySession,
  releaseHandle,
  scopesColumn,
  type Account,
  type Caller,
} from '../storage/accounts.ts';
import { actingAsAccount, recordAudit } from '../storage/audit.ts';
import type { Trx } from '../storage/database.ts';
import { findSession } from '../storage/sessions.ts';
import { takeDeviceLogin, type DeviceAnswer } from '../storage/device-logins.ts';
import { DAY_SECONDS, openAccountLibrary, RESET_MINUTES, VERIFICATION_HOURS } from './account-library.ts';
import { beginSession, PROGRAM_LENGTH, type BegunSession, type Session } from './begin-session.ts';
import type { ApiDependencies } from './dependencies.ts';
import { passwordsClosed } from './log-in-ways.ts';
import { takeTurns } from './turns.ts';
import { openSessionToken } from './session-token.ts';
import { openUnwaitedWork } from './unwaited-work.ts';

/** Passwords that are checked at once: each takes a thread for a while, and there are four. */
const PASSWORDS_AT_ONCE = 4;

export interface SignUp {
  readonly email: EmailAddress;
  readonly handle: Handle;
  readonly displayName: string;
  readonly password: string;
}

type Approved = Extract<DeviceAnswer, { readonly is: 'approved' }>;

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
  const secret = settings.authenticationSecret;
  const unwaited = openUnwaitedWork(logger);
  const needs = { settings, sendMail, unwaited };
  const auth = openAccountLibrary(db, needs);
  const turns = takeTurns(PASSWORDS_AT_ONCE);

  const begin = async (trx: Trx, given: BegunSession, accountId: string, by: 'password' | 'device') => {
    const session = await beginSession(trx, given, accountId, by, secret);
    if (!session) throw wrongCredentials();
    return session;
  };
  const requirePasswords = (): void => {
    if (settings.logIn.passwords === 'closed') throw passwordsClosed(settings.logIn);
  };

  return {
    /**
     * Answers the same whether or not the address has an account. Fails with `E_ALREADY_EXISTS` for a taken handle, and
     * with `E_WEAK_PASSWORD`. Like all that has to do with passwords it fails with `E_PASSWORDS_CLOSED` where they are.
     */
    async signUp({ email, handle, displayName, password }: SignUp): Promise<void> {
      requirePasswords();
      checkPassword(password, { email, handle });
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
          next: 'Ask for another mail: strongroom verification resend --email ADDRESS',
        });
      });
    },

    /** Sends the mail again where there is an unverified account. Returns before it is known whether there is one. */
    resendVerification(email: EmailAddress): void {
      unwaited.begin('A verification mail was not sent.', () => auth.api.sendVerificationEmail({ body: { email } }));
    },

    /** Sends a code by mail where the address has an account. Returns before it is known whether it has one. */
    requestPasswordReset(email: EmailAddress): void {
      requirePasswords();
      unwaited.begin('A mail to reset a password was not sent.', () =>
        auth.api.requestPasswordReset({ body: { email } }),
      );
    },

    /** Sets the password, once, by the code of a reset mail, and ends all sessions. Fails with `E_WRONG_CREDENTIALS` and `E_WEAK_PASSWORD`. */
    async setPassword(token: string, password: string): Promise<void> {
      requirePasswords();
      const work = db.transaction().execute(async (trx) => {
        const onPasswordSet = (account: string) => notePassword(trx, account, password);
        const library = openAccountLibrary(trx, { ...needs, onPasswordSet });
        await library.api.resetPassword({ body: { token, newPassword: password } });
      });
      await work.catch((error: unknown) => {
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
    async logIn(email: EmailAddress, password: string, program = ''): Promise<Session> {
      requirePasswords();
      const headers = new Headers({ 'user-agent': program.slice(0, PROGRAM_LENGTH) });
      const work = turns(() =>
        db.transaction().execute(async (trx) => {
          const library = openAccountLibrary(trx, needs);
          const { token, user } = await library.api.signInEmail({ body: { email, password }, headers });
          return begin(trx, await findSession(trx, token), user.id, 'password');
        }),
      );
      return work.catch((error: unknown) => {
        if (isAPIError(error) && [401, 403].includes(error.statusCode)) throw wrongCredentials();
        throw error;
      });
    },

    /** What a device hears that asks by its code: a session, once, after a person approved it. */
    async logInDevice(deviceCode: string, program = ''): Promise<Exclude<DeviceAnswer, Approved> | Session> {
      return db.transaction().execute(async (trx) => {
        const answer = await takeDeviceLogin(trx, deviceCode);
        if (answer.is !== 'approved') return answer;
        const { internalAdapter } = await openAccountLibrary(trx, needs).$context;
        const userAgent = program.slice(0, PROGRAM_LENGTH);
        const session = await internalAdapter.createSession(answer.accountId, false, { userAgent });
        return begin(trx, session, answer.accountId, 'device');
      });
    },

    /** A token that can do what its scopes say, and nothing else. */
    async createAccessToken(
      account: Account,
      name: string,
      scopes: readonly Scope[],
      days: number | null,
    ): Promise<NewAccessToken> {
      return db.transaction().execute(async (trx) => {
        const created = await openAccountLibrary(trx, needs).api.createApiKey({
          body: {
            name,
            userId: account.id,
            permissions: scopesColumn(scopes),
            ...(days !== null && { expiresIn: days * DAY_SECONDS }),
          },
        });
        const expiresAt = created.expiresAt?.toISOString() ?? null;
        const token = { id: created.id, name, scopes, createdAt: created.createdAt.toISOString(), expiresAt };
        await recordAudit(trx, {
          action: 'access-token.created',
          subject: `access-token/${created.id}`,
          before: null,
          after: { name, scopes: [...scopes], expiresAt },
        });
        return { ...token, token: created.key };
      });
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

/** The password must be one that holds; other codes stop to hold, and the log says whose password is a new one. */
async function notePassword(trx: Trx, accountId: string, password: string): Promise<void> {
  await deletePasswordResets(trx, accountId);
  const account = await findAccountById(trx, accountId);
  if (!account) return;
  checkPassword(password, account);
  const set = { action: 'account.password-set', subject: `account/${account.handle}`, before: null } as const;
  await actingAsAccount(account.handle, () => recordAudit(trx, { ...set, after: { by: 'the code of a mail' } }));
}

const wrongCredentials = () =>
  new StrongroomError('E_WRONG_CREDENTIALS', 'Address and password do not fit.', {
    why: 'One of them is wrong, or the address is not verified yet.',
    next: 'Check both; with a new account, follow the link in the verification mail first.',
  });
