/**
 * What the platform signs for a job: that this caller may have this function answer to this key. A job outlives every
 * invocation token; its permit is no secret, as it is of use to whoever holds the private half of the answer key only.
 */
import type { KeyObject } from 'node:crypto';
import { verify } from 'node:crypto';
import type { FunctionId, Handle, Sha256 } from '../../domain/ids.ts';
import { parseFunctionId, parseHandle, parseSha256 } from '../../domain/ids.ts';
import { JOB_PERMIT_HEADER } from '../../domain/invocation-token.ts';
import { refused } from './invocation-token.ts';

export interface JobPermit {
  readonly caller: Handle;
  readonly functionId: FunctionId;
  readonly functionChecksum: Sha256;
  /** Raw X25519, in base64url. */
  readonly answerKey: string;
}

/** What a permit allows, at `now`. Fails with `E_NOT_ALLOWED`. */
export function readJobPermit(permit: string, key: KeyObject, now: Date): JobPermit {
  const [header = '', payload = '', signature = '', ...rest] = permit.split('.');
  const signed = verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
  if (rest.length > 0 || header !== JOB_PERMIT_HEADER || !signed) throw refused('The platform did not sign it.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<Record<string, unknown>>;
  if (!(now.getTime() < Number(claims.exp) * 1000)) throw refused('The time of the job is over.');
  return {
    caller: parseHandle(claims.sub),
    functionId: parseFunctionId(claims.function),
    functionChecksum: parseSha256(claims.checksum),
    answerKey: String(claims.answer),
  };
}
