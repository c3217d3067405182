/**
 * Pages of lists as callers ask for them: a cursor is the last key of its page, in base64url, and belongs to its list and
 * to what that was narrowed to.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../domain/canonical-json.ts';
import type { Operation } from '../domain/permissions.ts';
import { wrongCursor, type Page, type PageRequest } from '../storage/pages.ts';

const USUAL = 100;

export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
}

/** Fails with `E_INVALID_REQUEST` for a cursor that is none of this list's. It opens no more of a list than its caller may see. */
export function toPageRequest(list: Operation, query: PageQuery): PageRequest {
  const { cursor, limit = String(USUAL) } = query;
  if (cursor === undefined) return { after: null, limit: Number(limit) };
  const [of, narrowedTo, ...after] = parse(cursor);
  const ours = of === list && narrowedTo === filterOf(query);
  if (!ours || !after.every((part) => typeof part === 'string' || typeof part === 'number')) throw wrongCursor();
  return { after, limit: Number(limit) };
}

/** `query` is the one that the page was read for. */
export const toPageAnswer = <Item>(list: Operation, query: PageQuery, { items, next }: Page<Item>) => ({
  items,
  next: next && Buffer.from(JSON.stringify([list, filterOf(query), ...next])).toString('base64url'),
});

/** A short text for what a list is narrowed to; another one for everything else. */
function filterOf({ cursor: _cursor, limit: _limit, ...filter }: PageQuery): string {
  const parts = Object.entries<Json>(filter);
  if (parts.length === 0) return '';
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(parts)))
    .digest('base64url')
    .slice(0, 16);
}

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value)) return value;
  } catch {
    // Named below.
  }
  throw wrongCursor();
}
