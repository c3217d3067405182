/** Limits on what can be tried without an account. */
import type { errorResponseBuilderContext } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import { callerOf } from './caller.ts';
import type { App } from './services.ts';

const MINUTE_MS = 60_000;

export const tooMany = (wait: string) =>
  new StrongroomError('E_TOO_MANY_REQUESTS', 'Too many tries.', { next: `Try again in ${wait}.` });

/** For each network address that calls. The plugin throws what `errorResponseBuilder` answers, and sets `Retry-After`. */
export const limitPerMinute = (max: number) => ({
  max,
  timeWindow: MINUTE_MS,
  errorResponseBuilder: (_request: FastifyRequest, { after }: errorResponseBuilderContext) => tooMany(after),
});

/** For each account that calls, from wherever. */
export const limitPerMinuteAndAccount = (max: number) => ({
  ...limitPerMinute(max),
  keyGenerator: (request: FastifyRequest) => callerOf(request).id,
});

/** For each e-mail address that is tried, from wherever: a second limit, so a hook of its own. */
export function limitPerAddress(app: App, max: number) {
  const count = app.createRateLimit({
    max,
    timeWindow: MINUTE_MS,
    keyGenerator: ({ body }) => {
      const email = typeof body === 'object' && body !== null && 'email' in body ? String(body.email) : '';
      return createHash('sha256').update(email.trim().toLowerCase()).digest('base64');
    },
  });
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const state = await count(request);
    if (state.isAllowed || !state.isExceeded) return;
    reply.header('retry-after', state.ttlInSeconds);
    throw tooMany(`${state.ttlInSeconds} seconds`);
  };
}
