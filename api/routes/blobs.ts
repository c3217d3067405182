import type { FastifyReply, FastifyRequest } from 'fastify';
import { StrongroomError } from '../../domain/errors.ts';
import { parseSha256 } from '../../domain/ids.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { parseRange } from '../byte-range.ts';
import { readBlob } from '../contract/blobs.ts';
import type { App, Services } from '../services.ts';

export function blobRoutes(app: App, { blobs }: Services): void {
  const handler = (request: FastifyRequest, reply: FastifyReply) => answerBlob(blobs, request, reply);
  app.route({ ...readBlob, exposeHeadRoute: false, handler });
  // A route of its own: one made out of GET would read the whole file and throw it away.
  app.route({ ...readBlob, method: 'HEAD', schema: { ...readBlob.schema, hide: true }, handler });
}

async function answerBlob(blobs: BlobStore, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const sha256 = parseSha256((request.params as { sha256: string }).sha256);
  const size = await blobs.size(sha256);
  if (size === null) throw new StrongroomError('E_NOT_FOUND', `There is no blob ${sha256}.`);
  const etag = `"${sha256}"`;
  reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable' });
  const { range: wanted, 'if-range': condition, 'if-none-match': known } = request.headers;
  if (matches(known, etag)) return reply.code(304).send();
  const range = parseRange(condition === undefined || condition === etag ? wanted : undefined, size);
  if (range === 'outside') {
    reply.header('content-range', `bytes */${size}`);
    throw new StrongroomError('E_RANGE', `The blob ${sha256} has ${size} bytes; none of them were asked for.`);
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
  reply.type('application/octet-stream').header('content-length', end - start + 1);
  return request.method === 'HEAD' ? reply.send() : reply.send(await blobs.read(sha256, start, end));
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
