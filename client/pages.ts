/** Lists come in pages; whoever wants all of one follows them to the end. */
const MOST_AT_ONCE = '1000';

export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** All items of a list, however many pages that takes: `everyItem((page) => platform.listTokens({ query: page }))`. */
export async function everyItem<Item>(
  ask: (page: { readonly limit: string; readonly cursor?: string }) => Promise<PageOf<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | null = null;
  do {
    const page: PageOf<Item> = await ask({ limit: MOST_AT_ONCE, ...(next !== null && { cursor: next }) });
    items.push(...page.items);
    next = page.next;
  } while (next !== null);
  return items;
}
