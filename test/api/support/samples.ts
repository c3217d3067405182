/** Requests made out of the OpenAPI document: well formed, about whatever the test says that names stand for. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly exclusiveMinimum?: number;
  readonly minProperties?: number;
}

export interface Sampler {
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** What a property of this name, or a schema with this title, holds. */
  readonly known: Readonly<Record<string, unknown>>;
}

/** The smallest value that a schema takes. Fails where a pattern has no sample, and says which. */
export function sampleOf(sampler: Sampler, schema: JsonSchema, name: string): unknown {
  if (schema.$ref !== undefined) {
    const target = sampler.schemas[schema.$ref.split('/').at(-1) ?? ''];
    return sampleOf(sampler, target ?? {}, name);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return sampleOf(sampler, schema.anyOf[0] ?? {}, name);
  const known = sampler.known[name] ?? sampler.known[schema.title ?? ''];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return known ?? sampleObject(sampler, schema);
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(sampler, schema.items ?? {}, name));
    case 'integer':
    case 'number':
      return schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1;
    case 'boolean':
      return true;
    case 'string':
      return known ?? sampleText(schema, name);
    default:
      return null;
  }
}

function sampleObject(sampler: Sampler, { properties = {}, required = [], minProperties }: JsonSchema): object {
  const names = required.map((name) => [name, sampleOf(sampler, properties[name] ?? {}, name)]);
  return names.length === 0 && minProperties !== undefined
    ? { accuracy: 1 }
    : (Object.fromEntries(names) as Record<string, unknown>);
}

function sampleText({ pattern, format, minLength = 1 }: JsonSchema, name: string): string {
  if (format === 'date-time') return '2040-01-01T00:00:00.000Z';
  if (pattern !== undefined) throw new Error(`Say in test/api/permissions.test.ts what a ${name} is: ${pattern}`);
  return 'x'.repeat(minLength);
}
