/** Session tokens as callers hold them: signed, so that whoever reads the database cannot make one. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const PREFIX = 'strongroom_session_';

const sign = (session: string, secret: string) => createHmac('sha256', secret).update(`session\0${session}`).digest();

/** The caller's token for a session of the database. */
export const sealSessionToken = (session: string, secret: string): string =>
  `${PREFIX}${session}.${sign(session, secret).toString('base64url')}`;

/** The session of the database that a caller's token stands for; `null` where the token was not made here. */
export function openSessionToken(token: string, secret: string): string | null {
  const [session, signature, ...rest] = token.slice(PREFIX.length).split('.');
  if (!token.startsWith(PREFIX) || !session || !signature || rest.length > 0) return null;
  const given = Buffer.from(signature, 'base64url');
  const right = sign(session, secret);
  return given.length === right.length && timingSafeEqual(given, right) ? session : null;
}
