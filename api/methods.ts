/** Which methods an address has, so that another one is answered with 405 and `Allow` (RFC 9110, section 15.5.6). */
import type { FastifyInstance } from 'fastify';

export interface Methods {
  /** In alphabetical order; none where nothing is at the address. */
  of(url: string): readonly string[];
}

/** Call it before routes are added. */
export function collectMethods(app: FastifyInstance): Methods {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+');
    routes.push({ pattern: new RegExp(`^${pattern}$`), methods: [method].flat() });
  });
  return {
    of(url) {
      const path = url.split('?')[0] ?? '';
      const found = routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
      return [...new Set(found)].sort();
    },
  };
}
