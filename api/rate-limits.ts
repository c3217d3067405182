/** Limits on what can be tried without an account. */
import type { errorResponseBuilderContext } from '@fastify/rate-limit';
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import type { App } from './services.ts';

/** The plugin throws what this answers, and has set `Retry-After` before. */
const refusal = (_request: FastifyRequest, { after }: errorResponseBuilderContext) =>
  new StrongroomError('E_TOO_MANY_REQUESTS', 'Too many tries.', { next: `Try again in ${after}.` });

/** For each network address that calls. */
export const limitPerMinute = (max: number) => ({ max, timeWindow: 60_000, errorResponseBuilder: refusal });

/** For each e-mail address that is tried, from wherever. */
export const limitPerAddress = (app: App, max: number) =>
  app.rateLimit({
    ...limitPerMinute(max),
    keyGenerator: ({ body }) => {
      const email = typeof body === 'object' && body !== null && 'email' in body ? String(body.email) : '';
      return createHash('sha256').update(email.trim().toLowerCase()).digest('base64');
    },
  });
