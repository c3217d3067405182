/** Who operates the platform: accounts that configuration names, known by a token or by the cookie of the operators' page. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StrongroomError } from '../domain/errors.ts';
import type { Account } from '../storage/accounts.ts';
import type { Authentication, Session } from './authentication.ts';
import { bearerToken } from './caller.ts';
import type { ApiSettings } from './dependencies.ts';

export const OPERATIONS_PATH = '/operations';
const COOKIE = 'strongroom_operator';

export interface Operators {
  /** Fails with `E_SIGNED_OUT` for nobody, and with `E_NOT_ALLOWED` for an account that does not operate the platform. */
  require(request: FastifyRequest): Promise<Account>;
  /** Begins a browser's session. Fails with `E_NOT_ALLOWED`. */
  admit(session: Session, reply: FastifyReply): void;
}

export function openOperators(authentication: Authentication, { operators, publicUrl }: ApiSettings): Operators {
  const check = (account: Account): Account => {
    if (operators.includes(account.handle)) return account;
    throw new StrongroomError('E_NOT_ALLOWED', `${account.handle} does not operate this platform.`, {
      next: 'Whoever runs the platform names its operators in STRONGROOM_OPERATORS.',
    });
  };
  return {
    async require(request) {
      const caller = await authentication.findCaller(cookieOf(request) ?? bearerToken(request));
      if (caller) return check(caller.account);
      throw new StrongroomError('E_SIGNED_OUT', 'The session does not hold.', { next: `Log in: ${OPERATIONS_PATH}` });
    },

    admit({ account, token, expiresAt }, reply) {
      check(account);
      // Strict: no other site can have a browser send it. The Web UI on another port of the same host is the same site.
      const scope = `Path=${OPERATIONS_PATH}; HttpOnly; SameSite=Strict${publicUrl.startsWith('https:') ? '; Secure' : ''}`;
      reply.header('set-cookie', `${COOKIE}=${token}; ${scope}; Expires=${new Date(expiresAt).toUTCString()}`);
    },
  };
}

function cookieOf({ headers }: FastifyRequest): string | undefined {
  const [, token] = new RegExp(`(?:^|; )${COOKIE}=([\\w.~+/-]{1,512})(?:;|$)`).exec(headers.cookie ?? '') ?? [];
  return token;
}
