/** Who calls: every route wants an account, unless its declaration says that anyone may call it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { StrongroomError } from '../domain/errors.ts';
import type { Account, Caller } from '../storage/accounts.ts';
import type { Author } from '../domain/audit.ts';
import { actingAs } from '../storage/audit.ts';
import type { Authentication } from './authentication.ts';
import type { Access } from './contract/route.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}

/** Refuses callers without a token that holds, before anything of their request is read. */
export function requireCallers(app: FastifyInstance, authentication: Authentication): void {
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request) => {
    if (request.is404 || request.routeOptions.config.access === 'anyone') return;
    const caller = await authentication.findCaller(bearerToken(request));
    if (!caller) throw signedOut('The token does not hold.', 'It is wrong, ran out, or was deleted.');
    request.caller = caller;
  });
  // The last hook before the handler: what reads a body loses whose request it is.
  app.addHook('preHandler', (request, _reply, done) => {
    actingAs(authorOf(request), done);
  });
}

/** The token of a request. Fails with `E_SIGNED_OUT` where there is none. */
export function bearerToken({ headers }: FastifyRequest): string {
  const [, token] = /^Bearer ([\w.~+/-]{1,512})$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw signedOut('You are not logged in.', 'The request has no token.');
}

const signedOut = (what: string, why: string) =>
  new StrongroomError('E_SIGNED_OUT', what, { why, next: 'Log in: strongroom login' });

/** The account behind a request to a route that wants one. */
export function callerOf(request: FastifyRequest): Account {
  if (request.caller) return request.caller.account;
  throw new Error(`The route ${request.routeOptions.url ?? ''} is open to anyone and has no caller.`);
}

/** Who acts by this request, for the audit log. */
export const authorOf = ({ caller, id }: FastifyRequest): Author => ({
  account: caller?.account.handle ?? null,
  token: caller?.tokenId ?? null,
  requestId: id,
});
