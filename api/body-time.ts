/** A body of JSON arrives in time, or not at all: otherwise a few slow senders would hold as many connections as they like. */
import { PassThrough, type Readable } from 'node:stream';
import { StrongroomError } from '../domain/errors.ts';
import type { App } from './services.ts';

/** How long a body may take once the headers are there. Uploads are no JSON, and have limits of their own. */
export const BODY_TIMEOUT_MS = 20_000;

export function limitBodyTime(app: App, timeoutMs = BODY_TIMEOUT_MS): void {
  app.addHook('preParsing', async (request, reply, payload) => {
    if (!/^application\/json\b/i.test(request.headers['content-type']?.trim() ?? '')) return payload;
    return inTime(payload, timeoutMs, () => {
      void reply.header('connection', 'close');
    });
  });
}

/** The same bytes; an error of ours where they do not end in time. */
function inTime(body: Readable, timeoutMs: number, onLate: () => void): Readable {
  const passed = new PassThrough();
  const timer = setTimeout(() => {
    onLate();
    body.unpipe(passed);
    passed.destroy(
      new StrongroomError('E_REQUEST_TIMEOUT', 'The body did not arrive in time.', { next: 'Send the request again.' }),
    );
  }, timeoutMs);
  passed.once('close', () => {
    clearTimeout(timer);
  });
  // Who no longer reads, as the body is too large, hears of no failure either.
  passed.on('error', () => undefined);
  body.once('error', (error) => passed.destroy(error));
  body.once('close', () => {
    if (!body.readableEnded) passed.destroy(new Error('The connection broke.'));
  });
  return body.pipe(passed);
}
