/** Sign-ins by the provider: out to it, back with who it was, and a session for the page where it began. */
import { StrongroomError } from '../domain/errors.ts';
import type { Identity, SignInPage } from '../domain/sign-in.ts';
import { findAccountById } from '../storage/accounts.ts';
import type { Trx } from '../storage/database.ts';
import { beginSignIn, keepSignedIn, takeBegunSignIn, takeSignedIn } from '../storage/sign-ins.ts';
import { openAccountLibrary } from './account-library.ts';
import { beginSession, PROGRAM_LENGTH, type Session } from './begin-session.ts';
import type { ApiDependencies } from './dependencies.ts';
import { openMailPauses } from './mail-pauses.ts';
import { linkedMail, notLinkedMail } from './mails.ts';
import { accountFor, AddressTaken, isSimultaneous } from './provider-accounts.ts';
import { openProvider } from './provider.ts';
import { openUnwaitedWork } from './unwaited-work.ts';

export type SignIns = NonNullable<ReturnType<typeof openSignIns>>;

export interface Departure {
  /** Where the browser goes. */
  readonly address: URL;
  /** What it holds meanwhile. */
  readonly secret: string;
}

export interface Return {
  /** Where the sign-in began. */
  readonly page: SignInPage;
  readonly secret: string;
  /** What the provider sent the browser back with. */
  readonly answer: URLSearchParams;
}

/** The owner of an account hears of sign-ins that were refused once in this time. */
const REFUSAL_MAILS_MS = 3_600_000;
/** How often two that came at the same moment are let try again. */
const TRIES = 3;

/** `null` where there is no provider. */
export function openSignIns({ db, sendMail, settings, logger }: ApiDependencies) {
  if (settings.logIn.provider === null) return null;
  const provider = openProvider(settings.logIn.provider, settings.publicUrl);
  const unwaited = openUnwaitedWork(logger);
  const mayMail = openMailPauses(REFUSAL_MAILS_MS);
  const libraryIn = (trx: Trx) => openAccountLibrary(trx, { settings, sendMail, unwaited });

  const arrive = (identity: Identity, page: SignInPage) =>
    db.transaction().execute(async (trx) => {
      const { accountId, as } = await accountFor(trx, libraryIn(trx), identity, provider);
      const account = await findAccountById(trx, accountId);
      return { as, email: account?.email ?? identity.email, secret: await keepSignedIn(trx, page, accountId) };
    });

  return {
    name: provider.name,

    /** Fails with `E_UNAVAILABLE` where the provider does not answer. */
    async begin(page: SignInPage): Promise<Departure> {
      const secret = await beginSignIn(db, page);
      return { address: await provider.addressFor(secret), secret };
    },

    /**
     * Takes a browser back from the provider, once; answers where it began. Fails with `E_WRONG_CREDENTIALS` where this
     * browser did not ask, or not any more.
     */
    async takeReturn(secret: string | undefined, answer: URLSearchParams): Promise<Return> {
      if (secret === undefined || !provider.isAnswerTo(secret, answer)) throw notAsked();
      const page = await takeBegunSignIn(db, secret);
      if (page === undefined) throw notAsked();
      return { page, secret, answer };
    },

    /**
     * Looks who came back; answers by what the page fetches the session, once. Fails with `E_SIGN_IN_REFUSED` where the
     * provider or a rule says no.
     */
    async finish({ page, secret, answer }: Return): Promise<string> {
      const identity = await provider.identify(secret, answer);
      const arrived = await again(() => arrive(identity, page)).catch((error: unknown) => {
        if (error instanceof AddressTaken && mayMail(identity.email))
          unwaited.begin('A mail about a refused sign-in was not sent.', () =>
            sendMail(notLinkedMail(identity.email, provider.name, settings.publicUrl)),
          );
        throw error;
      });
      if (arrived.as === 'verified account')
        unwaited.begin('A mail about a linked account was not sent.', () =>
          sendMail(linkedMail(arrived.email, provider.name, settings.publicUrl)),
        );
      return arrived.secret;
    },

    /** The session of whoever came back to this page, once. Fails with `E_WRONG_CREDENTIALS`. */
    async logIn(secret: string | undefined, page: SignInPage, program = ''): Promise<Session> {
      const session = await db.transaction().execute(async (trx) => {
        const accountId = secret === undefined ? undefined : await takeSignedIn(trx, page, secret);
        if (accountId === undefined) return undefined;
        const { internalAdapter } = await libraryIn(trx).$context;
        const userAgent = program.slice(0, PROGRAM_LENGTH);
        const begun = await internalAdapter.createSession(accountId, false, { userAgent });
        return beginSession(trx, begun, accountId, 'provider', settings.authenticationSecret);
      });
      if (session) return session;
      throw notAsked();
    },

    /** Resolves when no mail is on its way any more. */
    mailsSent: (): Promise<void> => unwaited.ended(),
  };
}

async function again<T>(work: () => Promise<T>, tries = TRIES): Promise<T> {
  return work().catch((error: unknown) => {
    if (tries <= 1 || !isSimultaneous(error)) throw error;
    return again(work, tries - 1);
  });
}

const notAsked = () =>
  new StrongroomError('E_WRONG_CREDENTIALS', 'This sign-in does not hold.', {
    why: 'It was used, is too old, or was begun in another browser.',
    next: 'Begin again.',
  });
