/** Writes `api/openapi.json`, from it what the client has of it, and `docs/permissions.md`. Run it after every change of the contract. */
import { writeFile } from 'node:fs/promises';
import { toClientRoutes, toClientTypes } from './client-types.ts';
import { openApiDocument } from './openapi-document.ts';
import { permissionsDocument } from './permissions-document.ts';

const document = await openApiDocument();
await writeFile(new URL('openapi.json', import.meta.url), document);
await writeFile(new URL('../client/openapi.d.ts', import.meta.url), await toClientTypes(document));
await writeFile(new URL('../client/openapi.routes.ts', import.meta.url), await toClientRoutes(document));
await writeFile(new URL('../docs/permissions.md', import.meta.url), permissionsDocument());
