/** JSON that has one way to be written (RFC 8785), so that a digest over it can be computed by anyone. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/** Names in order, no spaces; a property that is `undefined` is left out. Fails with `TypeError` for no finite number. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is not a number of JSON.`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const properties = Object.keys(value)
    .sort()
    .flatMap((name) => {
      const property = value[name];
      return property === undefined ? [] : [`${JSON.stringify(name)}:${canonicalJson(property)}`];
    });
  return `{${properties.join(',')}}`;
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
