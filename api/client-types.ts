/** What the client has of the OpenAPI document: its types, with the branded ids of `domain/ids.ts`, and its routes. */
import openapiTypescript, { astToString } from 'openapi-typescript';
import { format } from 'prettier';
import ts from 'typescript';

const BRANDS = [
  'AssociationId',
  'BenchmarkName',
  'ContainerName',
  'DatasetName',
  'EmailAddress',
  'Fingerprint',
  'FunctionId',
  'FunctionName',
  'Handle',
  'ImageDigest',
  'JobId',
  'Sha256',
];

/** The text of `client/openapi.d.ts` for an OpenAPI document as JSON. */
export async function toClientTypes(document: string): Promise<string> {
  const nodes = await openapiTypescript(document, {
    immutable: true,
    inject: [
      `import type { ${BRANDS.join(', ')} } from '../domain/ids.ts';`,
      `import type { Metrics } from '../domain/metrics.ts';`,
    ].join('\n'),
    transform(schema, { path }) {
      if (path?.endsWith('/schemas/Metrics')) return ts.factory.createTypeReferenceNode('Metrics');
      const brand = BRANDS.find((name) => name === schema.title);
      if (brand === undefined) return undefined;
      const reference = ts.factory.createTypeReferenceNode(brand);
      const nullable = Array.isArray(schema.type) && schema.type.includes('null');
      return nullable
        ? ts.factory.createUnionTypeNode([reference, ts.factory.createLiteralTypeNode(ts.factory.createNull())])
        : reference;
    },
  });
  return astToString(nodes);
}

interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/**
 * The text of `client/openapi.routes.ts`: method and path of each operation, and where in its answer ids stand, so that
 * the client takes none of them on trust.
 */
export async function toClientRoutes(json: string): Promise<string> {
  const document = JSON.parse(json) as Document;
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const ids = Object.entries(operation.responses)
        .filter(([status]) => status.startsWith('2'))
        .flatMap(([, { content }]) =>
          idsIn((content?.['application/json'] ?? content?.['text/event-stream'])?.schema, '', document),
        );
      return [operation.operationId, { method, path, ids: Object.fromEntries(ids) }] as const;
    }),
  );
  const source = `/** Made from api/openapi.json by api/write-openapi.ts. */
    export const ROUTES = ${JSON.stringify(Object.fromEntries(routes))} as const;`;
  return format(source, { parser: 'typescript', singleQuote: true, printWidth: 120, trailingComma: 'all' });
}

/** Paths like `items.*.owner`, with the brand that stands there; `Handle?` where nothing may stand there, too. */
function idsIn(schema: Schema | undefined, path: string, document: Document, mark = ''): [string, string][] {
  if (!schema) return [];
  const under = (name: string) => (path === '' ? name : `${path}.${name}`);
  const referred = schema.$ref && document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (referred) return idsIn(referred, path, document, mark);
  if (schema.title !== undefined && BRANDS.includes(schema.title)) {
    return [[path, `${schema.title}${Array.isArray(schema.type) ? '?' : mark}`]];
  }
  return [
    ...idsInAlternatives(schema.anyOf ?? [], path, document, mark),
    ...idsIn(schema.items, under('*'), document),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
      idsIn(part, under(name), document, schema.required?.includes(name) ? '' : '?'),
    ),
  ];
}

/** What stands in one of several objects is missing in an answer that is another one. */
function idsInAlternatives(
  parts: readonly Schema[],
  path: string,
  document: Document,
  mark: string,
): [string, string][] {
  const ids = parts.flatMap((part) => idsIn(part, path, document, mark));
  if (parts.filter((part) => part.properties !== undefined).length < 2) return ids;
  return ids.map(([place, brand]) => [place, brand.endsWith('?') ? brand : `${brand}?`]);
}
