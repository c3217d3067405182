/** Lists come in pages: whole, each item once, and never more than their reader may see (D10). */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createPlatformClient } from '../../client/platform.ts';
import { everyItem } from '../../client/pages.ts';
import { approved, createBenchmark, newDataset } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import type { Reply } from './support/reply.ts';

interface Listing {
  readonly items: readonly Readonly<Record<string, string>>[];
  readonly next: string | null;
}
interface Route {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string }[];
  readonly responses: Readonly<
    Record<
      string,
      { content?: Readonly<Record<string, { schema: { properties?: Readonly<Record<string, unknown>> } }>> }
    >
  >;
}

let platform: TestPlatform;
let alice: Person;
let mallory: Person;
let ben: Person;
let association: string;

beforeAll(async () => {
  platform = await startPlatform();
  [alice, mallory] = [await person(platform, 'alice'), await person(platform, 'mallory')];
  ben = await person(platform, 'ben');
  for (const name of ['digits', 'faces', 'scans', 'sounds', 'words'])
    await createBenchmark(platform, name, [ben], { quorum: 1 });
  for (let index = 0; index < 7; index += 1) await alice.ask('POST', '/v1/datasets', newDataset(`set-${index}`));
  association = await approved(platform, alice, 'container', 'model', 'digits');
  for (const benchmark of ['faces', 'scans', 'sounds', 'words'])
    await approved(platform, alice, 'container', 'model', benchmark);
  await sql`UPDATE associations SET requested_at = date_trunc('day', now())`.execute(platform.db);
  for (let index = 0; index < 5; index += 1)
    await alice.ask('POST', '/v1/tokens', { name: `token ${index}`, scopes: ['read'] });
  await certificateFor(platform, alice);
});
afterAll(() => platform.stop());

const list = async (who: Person, url: string): Promise<Listing> => {
  const answer: Reply = await who.ask('GET', url);
  expect([url, answer.statusCode]).toEqual([url, 200]);
  return answer.json() as unknown as Listing;
};

/** All pages of a list, of `limit` items each. */
async function pages(who: Person, url: string, limit: number, between = async () => {}): Promise<Listing[]> {
  const found: Listing[] = [];
  let cursor = '';
  do {
    const page: Listing = await list(who, `${url}${url.includes('?') ? '&' : '?'}limit=${limit}${cursor}`);
    found.push(page);
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
    await between();
  } while (cursor !== '');
  return found;
}
const LISTS = [
  '/v1/benchmarks',
  '/v1/datasets',
  '/v1/associations',
  '/v1/tokens',
  '/v1/certificates',
  '/v1/account/sessions',
  '/v1/containers',
  '/v1/functions',
  '/v1/jobs',
  '/v1/invitations',
  '/v1/webhooks',
];

describe('a list', () => {
  test.each(LISTS)('of %s is the same in pages of one, of two and whole', async (url) => {
    const { items, next } = await list(alice, url);
    expect(next).toBeNull();
    for (const limit of [1, 2]) {
      const parts = await pages(alice, url, limit);
      expect(parts.flatMap((page) => page.items)).toEqual(items);
      for (const part of parts.slice(0, -1)) expect(part.items).toHaveLength(limit);
    }
  });

  test('shows nothing twice and skips nothing, though others add to it and take from it meanwhile', async () => {
    let rounds = 0;
    const found = await pages(alice, '/v1/tokens', 2, async () => {
      rounds += 1;
      if (rounds > 2) return;
      await alice.ask('POST', '/v1/tokens', { name: `late ${rounds}`, scopes: ['read'] });
      const [first] = (await list(alice, '/v1/tokens')).items;
      await alice.ask('DELETE', `/v1/tokens/${first?.id ?? ''}`);
    });
    const names = found.flatMap(({ items }) => items.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual([0, 1, 2, 3, 4].map((index) => `token ${index}`).concat('late 1', 'late 2'));
  });

  test('is followed to its end by the client', async () => {
    const baseUrl = await platform.app.listen({ host: '127.0.0.1', port: 0 });
    const client = createPlatformClient({ baseUrl, token: alice.token });
    const items = await everyItem((page) => client.listDatasets({ query: { ...page, limit: '2' } }));
    expect(items.map(({ name }) => name)).toEqual(Array.from({ length: 7 }, (_, index) => `set-${index}`));
  });

  test('can be narrowed, also from page to page', async () => {
    await ben.ask('POST', '/v1/benchmarks/faces/closing');
    await ben.ask('POST', '/v1/benchmarks/words/closing');
    const names = async (query: string) =>
      (await pages(mallory, `/v1/benchmarks?${query}`, 1)).flatMap(({ items }) => items.map(({ name }) => name));
    expect(await names('state=closed')).toEqual(['faces', 'words']);
    expect(await names('state=open')).toEqual(['digits', 'scans', 'sounds']);
    expect((await list(alice, `/v1/associations/${association}/grants?state=revoked`)).items).toEqual([]);
  });
});

describe('a cursor (D10)', () => {
  const forge = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test('that no page of its list ended with is refused, on every list', async () => {
    const { next } = await list(alice, '/v1/datasets?limit=1');
    const wrong = [
      'x',
      forge('listDatasets'),
      forge({}),
      forge(['listDatasets']),
      forge(['listDatasets', 'a']),
      forge(['listDatasets', null, 'a']),
      forge(['listDatasets', '', 1]),
      forge(['listDatasets', '', null]),
      forge(['listDatasets', '', 'a', 'b']),
      forge(['listDatasets', '', 'a\0']),
      forge(['listDatasets', '', { name: 'a' }]),
      forge(['listTokens', '', 1.5, 'x']),
      forge(['listTokens', '', 'now', 'x']),
      forge(['listTokens', '', 1e300, 'x']),
      forge(["listDatasets' OR 1=1--", 'a']),
      'x'.repeat(3000),
      '',
    ];
    for (const url of LISTS) {
      for (const cursor of [...wrong, ...(url === '/v1/datasets' ? [] : [next ?? ''])]) {
        const answer: Reply = await alice.ask('GET', `${url}?cursor=${cursor}`);
        expect([url, cursor, answer.statusCode]).toEqual([url, cursor, 400]);
        expect(answer.json().code).toBe('E_INVALID_REQUEST');
      }
    }
  });

  test.each(['0', '-1', '1001', '1e3', 'all', ''])(
    'comes with a limit that is a number: %j is refused',
    async (limit) => {
      expect((await alice.ask('GET', `/v1/datasets?limit=${limit}`)).statusCode).toBe(400);
    },
  );

  test('of another account opens nothing of that account', async () => {
    await mallory.ask('POST', '/v1/datasets', newDataset('zoo'));
    for (const url of LISTS) {
      const { next } = await list(alice, `${url}?limit=1`);
      if (next === null) continue;
      const own = (await list(mallory, url)).items.map((item) => JSON.stringify(item));
      const { items } = await list(mallory, `${url}?cursor=${next}`);
      for (const item of items) expect(own).toContain(JSON.stringify(item));
    }
  });
});

test('every operation that answers with a list takes a cursor and a limit', async () => {
  const text = await readFile(new URL('../../api/openapi.json', import.meta.url), 'utf8');
  const { paths } = JSON.parse(text) as { paths: Readonly<Record<string, Readonly<Record<string, Route>>>> };
  const routes = Object.values(paths).flatMap(({ get }) => (get ? [get] : []));
  const lists = routes.filter(({ responses }) => {
    const [content] = Object.values(responses['200']?.content ?? {});
    return content?.schema.properties?.items !== undefined;
  });
  const without = lists
    .filter(
      ({ parameters = [] }) => !['cursor', 'limit'].every((name) => parameters.some((each) => each.name === name)),
    )
    .map(({ operationId }) => operationId);
  // Both logs go on after a number; of recipients one hears what is new since an answer.
  expect(without.sort()).toEqual(['listAuditEntries', 'listLogEntries', 'listRecipients']);
  expect(lists.length).toBeGreaterThan(10);
});
