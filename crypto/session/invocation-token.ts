/**
 * The token with which a caller invokes a function: a JWT (RFC 7519) signed by the platform with EdDSA (RFC 8037). The
 * runner verifies it offline, with a key that its attestation document vouches for; it travels inside sealed messages.
 */
import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionId, Handle, Sha256 } from '../../domain/ids.ts';
import { parseFunctionId, parseHandle, parseSha256 } from '../../domain/ids.ts';
import { INVOCATION_TOKEN_HEADER } from '../../domain/invocation-token.ts';

export interface Invocation {
  readonly tokenId: string;
  readonly caller: Handle;
  readonly functionId: FunctionId;
  readonly functionChecksum: Sha256;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410 section 4) up to the key itself. */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const tokenKeyOf = (raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' });

/** What a token allows, at `now`. Fails with `E_NOT_ALLOWED`. */
export function readInvocationToken(token: string, key: KeyObject, now: Date): Invocation {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.');
  const signed = verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  if (rest.length > 0 || header !== INVOCATION_TOKEN_HEADER || !signed) throw refused('The platform did not sign it.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<Record<string, unknown>>;
  const expires = Number(claims.exp) * 1000;
  if (!(now.getTime() < expires)) throw refused('It has expired.');
  return {
    tokenId: String(claims.jti),
    caller: parseHandle(claims.sub),
    functionId: parseFunctionId(claims.function),
    functionChecksum: parseSha256(claims.checksum),
    expiresAt: new Date(expires).toISOString(),
  };
}

export const refused = (why: string): StrongroomError =>
  new StrongroomError('E_NOT_ALLOWED', 'The runner does not accept the token.', { why, next: 'Begin a new session.' });
