/** Every failure leaves as problem details (RFC 9457), and none of them says more than its reader may know. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { isAPIError } from 'better-auth/api';
import { ERROR_KINDS, StrongroomError, toErrorFields, type ErrorFields } from '../domain/errors.ts';
import type { Problem } from './contract/problem.ts';
import { auditLogAway, isAuditLogAway } from '../storage/audit.ts';
import { isDatabaseAway } from '../storage/database-failure.ts';

const RETRY_AFTER_SECONDS = 5;

/** `status` differs from the code's own only where a protocol (tus) asks for another one. */
export function toProblem(fields: ErrorFields, requestId: string, status = ERROR_KINDS[fields.code].status): Problem {
  return {
    type: `urn:strongroom:error:${fields.code}`,
    title: STATUS_CODES[status] ?? 'Failure',
    status,
    detail: fields.message,
    code: fields.code,
    ...(fields.why !== undefined && { why: fields.why }),
    ...(fields.next !== undefined && { next: fields.next }),
    requestId,
    retryable: ERROR_KINDS[fields.code].retryable,
  };
}

export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler(async (error: FastifyError | StrongroomError, request, reply) => {
    const failure = toStrongroomError(error);
    if (failure.kind.status >= 500) request.log.error({ err: error }, failure.message);
    return sendProblem(toErrorFields(failure), request, reply);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const what = `There is nothing at ${request.method} ${request.url.split('?')[0] ?? ''}.`;
    return sendProblem({ code: 'E_NOT_FOUND', message: what, next: 'See what there is: /docs' }, request, reply);
  });
}

/** For an address that no route was looked up for, such as one with `%zz` in it. */
export function answerUnreadableAddress(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const what = 'The address of the request cannot be read.';
  const why = 'It has a % that no two hexadecimal digits follow.';
  reply.header('x-request-id', request.id);
  void sendProblem({ code: 'E_INVALID_REQUEST', message: what, why }, request, reply);
}

function sendProblem(fields: ErrorFields, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(fields, request.id);
  reply.header('cache-control', 'no-store');
  if (problem.status === 503 || problem.code === 'E_IDEMPOTENCY_KEY_BUSY')
    reply.header('retry-after', RETRY_AFTER_SECONDS);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  return reply.code(problem.status).type('application/problem+json').send(problem);
}

/** What a failure is in the words of the field. What is none of ours and not the caller's becomes `E_INTERNAL`. */
export function toStrongroomError(error: unknown): StrongroomError {
  if (error instanceof StrongroomError) return error;
  if (isDatabaseAway(error)) {
    return new StrongroomError('E_UNAVAILABLE', 'The platform cannot reach its database.', {
      next: 'Try again in a moment.',
      cause: error,
    });
  }
  if (isAuditLogAway(error)) return auditLogAway(error);
  return (typeof error === 'object' && error !== null && fromFastify(error)) || internal(error);
}

const internal = (cause: unknown) =>
  new StrongroomError('E_INTERNAL', 'Something went wrong on the platform.', {
    next: 'Try again; if it stays, tell the operator the request id.',
    cause,
  });

function fromFastify(error: object): StrongroomError | null {
  if (misses(error, 'if-match')) {
    return new StrongroomError('E_IF_MATCH_MISSING', 'The request does not say what it takes the place of.', {
      next: 'Read what is there, and send its ETag as If-Match.',
    });
  }
  if (isAPIError(error) && error.statusCode < 500) return new StrongroomError('E_INVALID_REQUEST', error.message);
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode !== 'number' || typeof message !== 'string') return null;
  if (statusCode === 413) return new StrongroomError('E_PAYLOAD_TOO_LARGE', 'The request is too large.');
  if (statusCode === 415) {
    return new StrongroomError('E_UNSUPPORTED_MEDIA_TYPE', 'The request is not JSON.', {
      next: 'Send Content-Type: application/json.',
    });
  }
  if (statusCode >= 400 && statusCode < 500)
    return new StrongroomError('E_INVALID_REQUEST', 'The request is not valid.', { why: message });
  return null;
}

/** Whether a header is not there that the contract asks for. */
function misses(error: object, header: string): boolean {
  const { validation, validationContext } = error as Partial<FastifyError>;
  return validationContext === 'headers' && validation?.[0]?.params.missingProperty === header;
}
