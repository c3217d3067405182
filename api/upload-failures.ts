/** Failures of uploads: with the statuses that tus clients act on, and our words. */
import type { ErrorCode, ErrorFields } from '../domain/errors.ts';
import { ERROR_KINDS, isErrorCode, toErrorFields } from '../domain/errors.ts';
import { toStrongroomError } from './problems.ts';

interface TusFailure {
  readonly status_code: number;
  readonly body: string;
}

const isTusFailure = (error: unknown): error is TusFailure =>
  typeof error === 'object' && error !== null && 'status_code' in error && 'body' in error;

/** An answer of tus's for a failure of ours; its own stay as they are. */
export function toTusFailure(error: unknown): TusFailure | undefined {
  if (isTusFailure(error)) return undefined;
  const failure = toStrongroomError(error);
  return { status_code: ERROR_KINDS[failure.code].status, body: JSON.stringify(toErrorFields(failure)) };
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'E_NOT_FOUND',
  409: 'E_CONFLICT',
  410: 'E_NOT_FOUND',
  413: 'E_PAYLOAD_TOO_LARGE',
  415: 'E_UNSUPPORTED_MEDIA_TYPE',
  423: 'E_CONFLICT',
};

/** The failure behind an answer of tus's, be it one of ours or its own plain text. */
export function readTusFailure(status: number, body: string): ErrorFields {
  const ours = body.startsWith('{') ? (JSON.parse(body) as ErrorFields) : null;
  if (ours && isErrorCode(ours.code)) return ours;
  const code = CODES[status] ?? (status < 500 ? 'E_INVALID_REQUEST' : 'E_INTERNAL');
  return {
    code,
    message: status < 500 ? `The upload was refused: ${body.trim()}.` : 'The upload failed on the platform.',
  };
}
