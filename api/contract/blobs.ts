/** Uploads (tus 1.0) and what became of them: blobs under the SHA-256 of their content. */
import { Type } from 'typebox';
import { defineRoute, nothing } from './route.ts';
import { Sha256Schema } from './words.ts';

const binary = (description: string) =>
  Type.Unsafe<never>({
    description,
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
  });

export const readBlob = defineRoute({
  method: 'GET',
  url: '/v1/blobs/:sha256',
  id: 'readBlob',
  tag: 'Blobs',
  summary: 'Download a blob, whole or in part',
  description:
    'Understands Range, If-Range and If-None-Match; the ETag is the digest. HEAD answers with the headers only.',
  params: Type.Object({ sha256: Sha256Schema }),
  answers: {
    200: binary('The whole blob.'),
    206: binary('The part that was asked for.'),
    304: nothing,
  },
});
