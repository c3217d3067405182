/** Limits on what may be asked in a minute: by network address where no token vouches for the caller, else by account and token. */
import type { CreateRateLimitOptions, errorResponseBuilderContext } from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import type { Operation } from '../domain/permissions.ts';
import type { Caller } from '../storage/accounts.ts';
import { callerOf } from './caller.ts';
import type { ApiSettings } from './dependencies.ts';
import type { App } from './services.ts';

const MINUTE_MS = 60_000;
/** Addresses, accounts or tokens that are counted at once; whoever came least lately is forgotten first. */
export const REMEMBERED = 50_000;

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
  const count = counter(app, max, ({ body }) => {
    const email = typeof body === 'object' && body !== null && 'email' in body ? String(body.email) : '';
    return createHash('sha256').update(email.trim().toLowerCase()).digest('base64');
  });
  return (request: FastifyRequest, reply: FastifyReply): Promise<void> => count(request, reply);
}

export interface RequestLimits {
  /** Counts a request that no token vouches for. Fails with `E_TOO_MANY_REQUESTS`. */
  countStranger(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts a request of an account, also by its access token. Fails with `E_TOO_MANY_REQUESTS`. */
  countCaller(caller: Caller, request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** Whoever watches the platform may ask as often as it likes; a session is counted where its ticket is given. */
const UNCOUNTED: readonly (Operation | undefined)[] = ['readHealth', 'connectSession'];

/** What all requests are counted by. */
export function limitRequests(app: App, settings: ApiSettings): RequestLimits {
  const callers = new WeakMap<FastifyRequest, Caller>();
  const countAddress = counter(app, settings.strangersPerMinute, ({ ip }) => ip);
  const countAccount = counter(app, settings.accountPerMinute, (request) => callers.get(request)?.account.id ?? '');
  const countToken = counter(app, settings.tokenPerMinute, (request) => callers.get(request)?.credential.id ?? '');
  return {
    async countStranger(request, reply) {
      if (!UNCOUNTED.includes(request.routeOptions.config.operation)) await countAddress(request, reply);
    },
    async countCaller(caller, request, reply) {
      callers.set(request, caller);
      await countAccount(request, reply);
      if (caller.credential.kind === 'token') await countToken(request, reply);
    },
  };
}

function counter(app: App, max: number, keyGenerator: NonNullable<CreateRateLimitOptions['keyGenerator']>) {
  const count = app.createRateLimit({ max, timeWindow: MINUTE_MS, keyGenerator });
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const state = await count(request);
    if (state.isAllowed) return;
    const reset = state.ttlInSeconds;
    reply.headers({ 'ratelimit-limit': max, 'ratelimit-remaining': state.remaining, 'ratelimit-reset': reset });
    if (!state.isExceeded) return;
    reply.header('retry-after', reset);
    throw tooMany(`${reset} seconds`);
  };
}
