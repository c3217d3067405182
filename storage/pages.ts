/** Parts of a list, each after the last key of the one before: nothing is skipped or shown twice while others write. */
import { sql, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';

/** Where a page ended, in the terms of its list's order. */
export type PageKey = readonly (string | number)[];

export interface PageRequest {
  readonly after: PageKey | null;
  readonly limit: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** `null` at the end of the list. */
  readonly next: PageKey | null;
}

/** A part of an order. All parts together must tell any two rows apart. */
export interface OrderTerm {
  readonly by: RawBuilder<unknown>;
  readonly type: 'string' | 'number';
}

export const byText = (column: string): OrderTerm => ({ by: sql`${sql.ref(column)}::text`, type: 'string' });
export const byName = (column: string): OrderTerm => ({ by: sql`${sql.ref(column)}`, type: 'string' });
export const byLargest = (column: string): OrderTerm => ({ by: sql`-${sql.ref(column)}`, type: 'number' });
/** In microseconds, as the database keeps times, which a `Date` of JavaScript would round. */
export const byOldest = (column: string): OrderTerm => ({
  by: sql`(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint`,
  type: 'number',
});
export const byNewest = (column: string): OrderTerm => ({
  by: sql`-(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint`,
  type: 'number',
});

/** The next page of a query without an order. Fails with `E_INVALID_REQUEST` for a key that no page of it ended with. */
export async function readPage<DB, TB extends keyof DB, Row extends object>(
  query: SelectQueryBuilder<DB, TB, Row>,
  order: readonly OrderTerm[],
  { after, limit }: PageRequest,
): Promise<Page<Row>> {
  const key = sql.join(order.map(({ by }) => by));
  const ordered = order.reduce((some, { by }) => some.orderBy(by), query);
  const rest = after ? ordered.where(sql<boolean>`(${key}) > (${sql.join(checked(after, order))})`) : ordered;
  const rows = (await rest
    .select(sql<PageKey>`jsonb_build_array(${key})`.as('pageKey'))
    .limit(limit + 1)
    .execute()) as (Row & { readonly pageKey: PageKey })[];
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.pageKey ?? null) : null };
}

export const mapPage = <Row, Item>({ items, next }: Page<Row>, map: (row: Row) => Item): Page<Item> => ({
  items: items.map(map),
  next,
});

function checked(after: PageKey, order: readonly OrderTerm[]): PageKey {
  const fits = ({ type }: OrderTerm, index: number) => {
    const part = after[index];
    return typeof part === type && (typeof part === 'string' ? !part.includes('\0') : Number.isSafeInteger(part));
  };
  if (after.length === order.length && order.every(fits)) return after;
  throw wrongCursor();
}

export const wrongCursor = (): StrongroomError =>
  new StrongroomError('E_INVALID_REQUEST', 'The cursor is none that this list gave, narrowed as it is now.', {
    next: 'Begin the list anew, without a cursor.',
  });
