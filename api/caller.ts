/** Who calls: known by the token of the request, which is looked at before anything else of it is read. */
import type { FastifyRequest } from 'fastify';
import type { Author } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Account, Caller, Credential } from '../storage/accounts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** `null` where anyone may call. */
    caller: Caller | null;
  }
}

/** The token of a request. Fails with `E_SIGNED_OUT` where there is none. */
export function bearerToken({ headers }: FastifyRequest): string {
  const [, token] = /^Bearer ([\w.~+/-]{1,512})$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw signedOut('You are not logged in.', 'The request has no token.');
}

export const signedOut = (what: string, why: string) =>
  new StrongroomError('E_SIGNED_OUT', what, { why, next: 'Log in: strongroom login' });

/** The account behind a request to a route that wants one. */
export const callerOf = (request: FastifyRequest): Account => required(request).account;

/** By what the caller is known: a session or a personal access token. */
export const credentialOf = (request: FastifyRequest): Credential => required(request).credential;

function required(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new Error(`The route ${request.routeOptions.url ?? ''} is open to anyone and has no caller.`);
}

/** Who acts by this request, for the audit log. */
export const authorOf = ({ caller, id }: FastifyRequest): Author => ({
  account: caller?.account.handle ?? null,
  token: caller?.credential.id ?? null,
  requestId: id,
});
