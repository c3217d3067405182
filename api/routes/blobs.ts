import { StrongroomError } from '../../domain/errors.ts';
import { parseRange } from '../byte-range.ts';
import * as contract from '../contract/blobs.ts';
import type { App, Services } from '../services.ts';

export function blobRoutes(app: App, { blobs }: Services): void {
  app.route({
    ...contract.readBlob,
    handler: async (request, reply) => {
      const { sha256 } = request.params;
      const size = await blobs.size(sha256);
      if (size === null) throw new StrongroomError('E_NOT_FOUND', `There is no blob ${sha256}.`);
      const etag = `"${sha256}"`;
      reply.headers({ etag, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=31536000, immutable' });
      if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send();
      const condition = request.headers['if-range'];
      const wanted = condition === undefined || condition === etag ? request.headers.range : undefined;
      const range = parseRange(wanted, size);
      if (range === 'outside') {
        reply.header('content-range', `bytes */${size}`);
        throw new StrongroomError('E_RANGE', `The blob ${sha256} has ${size} bytes; none of them were asked for.`);
      }
      const { start, end } = range ?? { start: 0, end: size - 1 };
      if (range) reply.code(206).header('content-range', `bytes ${start}-${end}/${size}`);
      reply.type('application/octet-stream').header('content-length', end - start + 1);
      return request.method === 'HEAD' ? reply.send() : reply.send(blobs.read(sha256, start, end));
    },
  });
}

const matches = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
