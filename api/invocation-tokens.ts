/** Signs invocation tokens and permits for jobs: JWTs (RFC 7519) with EdDSA, which runners verify by themselves. */
import { createPrivateKey, createPublicKey, hkdfSync, randomUUID, sign } from 'node:crypto';
import type { FunctionId, Handle, Sha256 } from '../domain/ids.ts';
import { INVOCATION_SECONDS, INVOCATION_TOKEN_HEADER, JOB_PERMIT_HEADER } from '../domain/invocation-token.ts';
import { JOB_DAYS } from '../domain/job.ts';

export interface InvocationToken {
  readonly token: string;
  readonly tokenId: string;
  readonly expiresAt: string;
}

export interface TokenIssuer {
  /** Raw Ed25519. */
  readonly publicKey: Uint8Array;
  issue(caller: Handle, called: Called, now: Date): InvocationToken;
  /** See crypto/session/job-permit.ts; `answerKey` in base64url. */
  permitJob(caller: Handle, called: Called, answerKey: string, now: Date): string;
}

interface Called {
  readonly id: FunctionId;
  readonly checksum: Sha256;
}

/** PrivateKeyInfo of Ed25519 (RFC 8410 section 7) up to the seed. */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The issuer whose key follows from the API's secret, so that all processes of the API sign alike. */
export function openTokenIssuer(authenticationSecret: string): TokenIssuer {
  const seed = Buffer.from(hkdfSync('sha256', authenticationSecret, '', 'strongroom invocation tokens 1', 32));
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' });
  seed.fill(0);
  const publicKey = new Uint8Array(Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url'));
  const signed = (header: string, claims: object): string => {
    const content = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${content}.${sign(null, Buffer.from(content), key).toString('base64url')}`;
  };
  return {
    publicKey,
    issue(caller, { id, checksum }, now) {
      const tokenId = randomUUID();
      const iat = Math.floor(now.getTime() / 1000);
      const exp = iat + INVOCATION_SECONDS;
      const token = signed(INVOCATION_TOKEN_HEADER, { sub: caller, function: id, checksum, jti: tokenId, iat, exp });
      return { token, tokenId, expiresAt: new Date(exp * 1000).toISOString() };
    },
    permitJob(caller, { id, checksum }, answer, now) {
      const iat = Math.floor(now.getTime() / 1000);
      const exp = iat + JOB_DAYS * 86_400;
      return signed(JOB_PERMIT_HEADER, { sub: caller, function: id, checksum, answer, iat, exp });
    },
  };
}
