import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Account } from '../../storage/accounts.ts';
import { deleteUpload } from '../../storage/blobs.ts';
import { callerOf } from '../caller.ts';
import { toProblem } from '../problems.ts';
import type { App, Services } from '../services.ts';
import { readTusFailure } from '../upload-failures.ts';
import { openUploads, UPLOADS_PATH } from '../uploads.ts';

/** tus speaks with its clients itself; around it stand the caller's account and problem details. */
export function uploadRoutes(app: App, services: Services): void {
  const accounts = new WeakMap<object, Account>();
  const uploads = openUploads(services, (request) => {
    const account = accounts.get(request);
    if (account) return account;
    throw new Error('A request reached tus without its caller.');
  });
  // The body stays a stream, however long: tus reads it as it comes.
  app.addContentTypeParser('application/offset+octet-stream', (_request, _payload, done) => {
    done(null);
  });

  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    const asked = toWebRequest(request, services.settings.publicUrl);
    accounts.set(asked, callerOf(request));
    const answer = await uploads.handleWeb(asked);
    const body = await answer.text();
    answer.headers.delete('content-length');
    reply.code(answer.status).headers(Object.fromEntries(answer.headers));
    if (answer.status >= 400) {
      if (answer.status >= 500) request.log.error({ status: answer.status }, 'An upload failed.');
      const problem = toProblem(readTusFailure(answer.status, body), request.id, answer.status);
      return reply.type('application/problem+json').send(problem);
    }
    if (request.method === 'DELETE') await deleteUpload(services.db, (request.params as { id: string }).id);
    return reply.send(body);
  };
  const route = (operation: 'createUpload' | 'continueUpload') => ({
    schema: { hide: true },
    config: { operation },
    handler,
  });
  app.route({ ...route('createUpload'), method: 'POST', url: UPLOADS_PATH });
  app.route({ ...route('continueUpload'), method: ['HEAD', 'PATCH', 'DELETE'], url: `${UPLOADS_PATH}/:id` });
}

function toWebRequest({ raw, method, url, headers }: FastifyRequest, publicUrl: string): Request {
  const plain = Object.entries(headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const hasBody = method === 'PATCH' || method === 'POST';
  return new Request(new URL(url, publicUrl), {
    method,
    headers: plain,
    ...(hasBody && { body: Readable.toWeb(raw) as ReadableStream<Uint8Array>, duplex: 'half' }),
  });
}
