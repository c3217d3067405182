/** Which methods an address has: another one is answered with 405 and `Allow` (RFC 9110, section 15.5.6). */
import type { FastifyInstance } from 'fastify';
import { StrongroomError } from '../domain/errors.ts';
import type { Operation } from '../domain/permissions.ts';

/** Its address takes GET for a WebSocket only, which is no answer of HTTP. */
const UPGRADED: Operation = 'connectSession';

interface Place {
  readonly pattern: RegExp;
  readonly hasParameters: boolean;
  readonly method: string;
}

/** Refuses methods that an address does not have, before anything else is looked at. Call it before routes are added. */
export function refuseOtherMethods(app: FastifyInstance): void {
  const places: Place[] = [];
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.operation === UPGRADED) return;
    const pattern = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
    const hasParameters = url.includes(':');
    for (const each of [method].flat())
      places.push({ pattern: new RegExp(`^${pattern}$`), hasParameters, method: each });
  });
  app.addHook('onRequest', async ({ is404, method, url, headers, routeOptions }, reply) => {
    const plain = routeOptions.config.operation === UPGRADED && headers.upgrade?.toLowerCase() !== 'websocket';
    if (!is404 && !plain && !routeOptions.url?.includes(':')) return;
    const path = url.split('?')[0] ?? '';
    const allowed = methodsAt(places, path);
    if (allowed.length === 0 || allowed.includes(method)) return;
    reply.header('allow', allowed.join(', '));
    throw new StrongroomError('E_METHOD_NOT_ALLOWED', `${path} does not take ${method}.`, {
      next: `Use one of: ${allowed.join(', ')}.`,
    });
  });
}

/** In alphabetical order. An address that is there word by word hides one with a parameter in its place. */
function methodsAt(places: readonly Place[], path: string): string[] {
  const found = places.filter(({ pattern }) => pattern.test(path));
  const exact = found.filter(({ hasParameters }) => !hasParameters);
  return [...new Set((exact.length > 0 ? exact : found).map(({ method }) => method))].sort();
}
