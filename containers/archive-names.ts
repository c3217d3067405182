/** The names in an image archive, and what may stand under each of them. */

const HEX = '[0-9a-f]{64}';

const PATTERNS = [
  [
    'metadata',
    new RegExp(`^(?:manifest\\.json|index\\.json|oci-layout|repositories|${HEX}\\.json|${HEX}/(?:json|VERSION))$`),
  ],
  ['layer', new RegExp(`^(?:${HEX}/layer\\.tar|${HEX}\\.tar)$`)],
  ['blob', new RegExp(`^blobs/sha256/${HEX}$`)],
  ['folder', new RegExp(`^(?:${HEX}|blobs|blobs/sha256)/?$`)],
] as const;

/** `metadata` is JSON and small; a `blob` of the OCI layout is metadata or a layer, which only its content tells. */
export type EntryKind = (typeof PATTERNS)[number][0];

/** What an entry of this name is; `null` for names that no `docker save` writes. */
export function entryKind(name: string): EntryKind | null {
  for (const [kind, pattern] of PATTERNS) if (pattern.test(name)) return kind;
  return null;
}

/**
 * Where a link leads that classic archives have in place of a layer that is in them already: from `<id>/layer.tar` to
 * the `layer.tar` of another folder or to a layer beside it. `null` for any other link.
 */
export function linkedLayer(name: string, target: string): string | null {
  if (!new RegExp(`^${HEX}/layer\\.tar$`).test(name)) return null;
  return new RegExp(`^\\.\\./(${HEX}/layer\\.tar|${HEX}\\.tar)$`).exec(target)?.[1] ?? null;
}
