/** The codec server of Temporal's Web UI: shows an operator what is in encrypted payloads, and nobody else. */
import type { Payload, PayloadCodec } from '@temporalio/common';
import type { FastifyReply } from 'fastify';
import { StrongroomError } from '../../domain/errors.ts';
import { OPERATIONS_PATH } from '../operators.ts';
import type { App } from '../services.ts';

const PATH = `${OPERATIONS_PATH}/codec/decode`;
/** What a page of the Web UI may hold. */
const BODY_LIMIT = 16 * 2 ** 20;

interface JsonPayload {
  /** Values in base64. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

const BODY = {
  type: 'object',
  required: ['payloads'],
  properties: {
    payloads: {
      type: 'array',
      maxItems: 10_000,
      items: {
        type: 'object',
        properties: {
          metadata: { type: 'object', additionalProperties: { type: 'string' } },
          data: { type: 'string' },
        },
      },
    },
  },
} as const;

/** It only decodes: nobody acts through the Web UI. `uiOrigin` alone may ask from a browser. */
export function codecRoutes(app: App, codec: PayloadCodec | null, uiOrigin: string | null): void {
  if (codec === null) return;
  const allow = (reply: FastifyReply, origin: string | undefined): void => {
    reply.header('vary', 'origin');
    if (uiOrigin === null || origin !== uiOrigin) return;
    reply.headers({ 'access-control-allow-origin': uiOrigin, 'access-control-allow-credentials': 'true' });
  };

  app.options(
    PATH,
    { config: { operation: 'askToDecodePayloads' }, schema: { hide: true } },
    async ({ headers }, reply) => {
      allow(reply, headers.origin);
      return reply
        .headers({
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'content-type, authorization, x-namespace',
          'access-control-max-age': '600',
        })
        .code(204)
        .send();
    },
  );

  app.post<{ Body: { payloads: JsonPayload[] } }>(
    PATH,
    { config: { operation: 'decodePayloads' }, schema: { hide: true, body: BODY }, bodyLimit: BODY_LIMIT },
    async (request, reply) => {
      allow(reply, request.headers.origin);
      const payloads = await codec.decode(request.body.payloads.map(fromJson)).catch((error: unknown) => {
        throw new StrongroomError('E_INVALID_REQUEST', 'The payloads cannot be decoded.', {
          why: (error as Error).message,
        });
      });
      return reply.header('cache-control', 'no-store').send({ payloads: payloads.map(toJson) });
    },
  );
}

const fromJson = ({ metadata = {}, data = '' }: JsonPayload): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
  data: Buffer.from(data, 'base64'),
});

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)])),
  data: base64(data ?? new Uint8Array()),
});
