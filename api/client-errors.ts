/** What cannot even be read as a request: headers that are too large or too slow, and what is no HTTP. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { StrongroomError, toErrorFields } from '../domain/errors.ts';
import { toProblem } from './problems.ts';

/** Bytes of all headers of a request together. */
export const MAX_HEADER_BYTES = 16 * 1024;
/** How long the headers of a request may take. */
export const HEADERS_TIMEOUT_MS = 20_000;

/** Answers in the form of all failures, and ends the connection: where the next request would begin is not known. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblem(toErrorFields(toFailure(error.code)), randomUUID());
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${problem.requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function toFailure(code: string | undefined): StrongroomError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new StrongroomError('E_HEADERS_TOO_LARGE', 'The headers are too large.', {
      why: `All of them together have ${MAX_HEADER_BYTES} bytes at most.`,
    });
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new StrongroomError('E_REQUEST_TIMEOUT', 'The request did not arrive in time.', { next: 'Send it again.' });
  }
  return new StrongroomError('E_INVALID_REQUEST', 'This is not a request of HTTP.');
}
