/** Writes `api/openapi.json` and, from it, what the client has of it. Run it after every change of the contract. */
import Fastify from 'fastify';
import { writeFile } from 'node:fs/promises';
import { declaredRoutes, namedSchemas } from './contract/all.ts';
import { collectOpenApi } from './openapi-document.ts';
import { toClientRoutes, toClientTypes } from './client-types.ts';

const app = Fastify();
await collectOpenApi(app);
for (const schema of namedSchemas) app.addSchema(schema);
for (const route of declaredRoutes) app.route({ ...route, handler: async () => undefined });
await app.ready();
const { paths = {}, ...rest } = app.swagger();
const sorted = Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
const document = `${JSON.stringify({ ...rest, paths: sorted }, null, 2)}\n`;
await writeFile(new URL('openapi.json', import.meta.url), document);
await writeFile(new URL('../client/openapi.d.ts', import.meta.url), await toClientTypes(document));
await writeFile(new URL('../client/openapi.routes.ts', import.meta.url), await toClientRoutes(document));
