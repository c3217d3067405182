/** Who calls: every route wants an account, unless its declaration says that anyone may call it. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { StrongroomError } from '../domain/errors.ts';
import type { Account } from '../storage/accounts.ts';
import type { Authentication } from './authentication.ts';
import type { Access } from './contract/route.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly access?: Access;
  }
  interface FastifyRequest {
    account: Account | null;
  }
}

/** Refuses callers without a token that holds, before anything of their request is read. */
export function requireCallers(app: FastifyInstance, authentication: Authentication): void {
  app.decorateRequest('account', null);
  app.addHook('onRequest', async (request) => {
    if (request.is404 || request.routeOptions.config.access === 'anyone') return;
    const account = await authentication.findAccount(bearerToken(request));
    if (!account) throw signedOut('The token does not hold.', 'It is wrong, ran out, or was deleted.');
    request.account = account;
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
  if (request.account) return request.account;
  throw new Error(`The route ${request.routeOptions.url ?? ''} is open to anyone and has no caller.`);
}
