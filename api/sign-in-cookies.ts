/** What a browser holds of a sign-in: at the provider by one cookie, and on its way back to our page by another one. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SIGN_IN_SECONDS, SIGNED_IN_SECONDS } from '../domain/sign-in.ts';

export interface SignInCookie {
  set(reply: FastifyReply, secret: string): void;
  read(request: FastifyRequest): string | undefined;
  clear(reply: FastifyReply): void;
}

export interface SignInCookies {
  /** Lax: the provider sends the browser back to us, and the cookie must come along. */
  readonly begun: SignInCookie;
  /** Strict: only our own page can have the browser send it. */
  readonly signedIn: SignInCookie;
}

export function openSignInCookies(publicUrl: string): SignInCookies {
  const isSecure = publicUrl.startsWith('https:');
  return {
    begun: cookie('strongroom_sign_in', 'Lax', SIGN_IN_SECONDS, isSecure),
    signedIn: cookie('strongroom_signed_in', 'Strict', SIGNED_IN_SECONDS, isSecure),
  };
}

function cookie(bare: string, sameSite: 'Lax' | 'Strict', seconds: number, isSecure: boolean): SignInCookie {
  // With this prefix browsers take it from this very host by TLS only: a neighbour's host cannot plant one.
  const name = isSecure ? `__Host-${bare}` : bare;
  const scope = `Path=/; HttpOnly; SameSite=${sameSite}${isSecure ? '; Secure' : ''}`;
  const pattern = new RegExp(`(?:^|; )${name}=([\\w-]{43})(?:;|$)`);
  return {
    set: (reply, secret) => void reply.header('set-cookie', `${name}=${secret}; ${scope}; Max-Age=${seconds}`),
    read: ({ headers }) => pattern.exec(headers.cookie ?? '')?.[1],
    clear: (reply) => void reply.header('set-cookie', `${name}=; ${scope}; Max-Age=0`),
  };
}
