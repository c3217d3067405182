/** Who operates the platform: accounts that configuration names, known by a token or by the cookie of the operators' page. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StrongroomError } from '../domain/errors.ts';
import type { Account } from '../storage/accounts.ts';
import type { Session } from './begin-session.ts';

export const OPERATIONS_PATH = '/operations';
const COOKIE = 'strongroom_operator';

/** Fails with `E_NOT_ALLOWED` for an account that configuration does not name. */
export function requireOperator({ handle }: Account, operators: readonly string[]): void {
  if (operators.includes(handle)) return;
  throw new StrongroomError('E_NOT_ALLOWED', `${handle} does not operate this platform.`, {
    next: 'Whoever runs the platform names its operators in STRONGROOM_OPERATORS.',
  });
}

/** Begins a browser's session. */
export function setOperatorCookie(reply: FastifyReply, { token, expiresAt }: Session, publicUrl: string): void {
  // Strict: no other site can have a browser send it. The Web UI on another port of the same host is the same site.
  const scope = `Path=${OPERATIONS_PATH}; HttpOnly; SameSite=Strict${publicUrl.startsWith('https:') ? '; Secure' : ''}`;
  reply.header('set-cookie', `${COOKIE}=${token}; ${scope}; Expires=${new Date(expiresAt).toUTCString()}`);
}

/** The token in the cookie. */
export function operatorCookie({ headers }: FastifyRequest): string | undefined {
  const [, token] = new RegExp(`(?:^|; )${COOKIE}=([\\w.~+/-]{1,512})(?:;|$)`).exec(headers.cookie ?? '') ?? [];
  return token;
}
