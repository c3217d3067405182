/** Pages of lists as callers ask for them: a cursor is the last key of its page, in base64url, and belongs to its list. */
import type { Operation } from '../domain/permissions.ts';
import { wrongCursor, type Page, type PageRequest } from '../storage/pages.ts';

const USUAL = 100;

export interface PageQuery {
  readonly cursor?: string | undefined;
  readonly limit?: string | undefined;
}

/** Fails with `E_INVALID_REQUEST` for a cursor that is none of this list's. It opens no more of a list than its caller may see. */
export function toPageRequest(list: Operation, { cursor, limit = String(USUAL) }: PageQuery): PageRequest {
  if (cursor === undefined) return { after: null, limit: Number(limit) };
  const [of, ...after] = parse(cursor);
  if (of !== list || !after.every((part) => typeof part === 'string' || typeof part === 'number')) throw wrongCursor();
  return { after: after, limit: Number(limit) };
}

export const toPageAnswer = <Item>(list: Operation, { items, next }: Page<Item>) => ({
  items,
  next: next && Buffer.from(JSON.stringify([list, ...next])).toString('base64url'),
});

function parse(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(value)) return value;
  } catch {
    // Named below.
  }
  throw wrongCursor();
}
