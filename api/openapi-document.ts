/** The OpenAPI 3.1 document, from the routes that a Fastify instance has. */
import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance } from 'fastify';
import { declaredRoutes, namedSchemas } from './contract/all.ts';

const DESCRIPTION = `The only contract between the parties of Strongroom: model owners, benchmark committees, data owners and the platform.
The platform sees names, digests, ciphertext and wrapped keys; never a key, a model, or data.

Send a session token or a personal access token as \`Authorization: Bearer …\`. Failures are problem details (RFC 9457) with a stable \`code\`.
Files are uploaded by tus 1.0 at \`/v1/uploads\` with the metadata \`sha256\` and \`size\`.`;

/** Registers what collects the routes; call it before the routes are added, and \`app.swagger()\` once they are. */
export async function collectOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Strongroom', version: '0.1.0', description: DESCRIPTION, license: { name: 'Apache-2.0' } },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      },
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json.$id === 'string' ? json.$id : `def-${index}`,
    },
  });
}

/** The document of the declared routes as JSON text, its paths in alphabetical order. */
export async function openApiDocument(): Promise<string> {
  const app = Fastify();
  await collectOpenApi(app);
  for (const schema of namedSchemas) app.addSchema(schema);
  for (const route of declaredRoutes) app.route({ ...route, handler: () => undefined });
  await app.ready();
  const { paths = {}, ...rest } = app.swagger();
  const sorted = Object.fromEntries(Object.entries(paths).sort(([first], [second]) => (first < second ? -1 : 1)));
  return `${JSON.stringify({ ...rest, paths: sorted }, null, 2)}\n`;
}
