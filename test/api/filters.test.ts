/** Lists narrowed to what is looked for: just that, from page to page, and nothing that a list does not know. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { recordEvents } from '../../storage/events.ts';
import { insertWebhook } from '../../storage/webhooks.ts';
import { approved, createBenchmark, digestOf, newContainer, newDataset } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';

type Item = Readonly<Record<string, string>>;
interface Listing {
  readonly items: readonly Item[];
  readonly next: string | null;
}

let platform: TestPlatform;
let people: Readonly<Record<'alice' | 'ann' | 'ben' | 'bob' | 'opal', Person>>;
/** What stands in addresses for an id that is known only once the test runs. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  platform = await startPlatform();
  const one = (name: string) => person(platform, name);
  people = {
    alice: await one('alice'),
    ann: await one('ann'),
    ben: await one('ben'),
    bob: await one('bob'),
    opal: await one('opal'),
  };
  await registerAll();
  await grantAndSubmit();
  await sendAndDeploy();
  await spreadOverDays();
});
afterAll(() => platform.stop());

async function registerAll(): Promise<void> {
  const { alice, ann, ben, bob } = people;
  await createBenchmark(platform, 'digits', [ann, ben], { quorum: 1 });
  await createBenchmark(platform, 'faces', [ben], { quorum: 1 });
  await createBenchmark(platform, 'words', [ann], { quorum: 1 });
  ids.ASSOCIATION = await approved(platform, alice, 'container', 'model', 'digits');
  await approved(platform, alice, 'container', 'other', 'digits');
  await approved(platform, alice, 'container', 'model', 'faces');
  await approved(platform, alice, 'dataset', 'scans', 'digits');
  await approved(platform, bob, 'dataset', 'wards', 'digits');
  await approved(platform, ben, 'dataset', 'rooms', 'digits');
  await alice.ask('POST', '/v1/containers', newContainer('unasked'));
  await alice.ask('POST', '/v1/datasets', newDataset('unasked'));
  await ann.ask('POST', '/v1/benchmarks/words/closing');
  const invite = (member: Person, benchmark: string) =>
    member.ask('POST', `/v1/benchmarks/${benchmark}/invitations`, {
      owner: 'alice',
      container: 'unasked',
      reason: 'to compare',
    });
  await invite(ann, 'digits');
  await invite(ben, 'faces');
}

async function grantAndSubmit(): Promise<void> {
  const { alice, ben, bob } = people;
  const old = await certificateFor(platform, alice);
  await alice.ask('POST', `/v1/certificates/${old.fingerprint}/revocation`, { reason: 'lost' });
  await certificateFor(platform, alice);
  const associations = (await list(alice, '/v1/associations?mine=true&kind=container&benchmark=digits')).items;
  for (const { id, name } of associations) {
    const recipients = [];
    for (const dataOwner of [ben, bob]) {
      const there = (await list(dataOwner, '/v1/certificates?state=valid')).items[0]?.fingerprint;
      recipients.push(there ?? (await certificateFor(platform, dataOwner)).fingerprint);
    }
    const grants = recipients.map((fingerprint) => ({
      fingerprint,
      message: 'wrapped',
      origin: 'manual',
      expiresAt: null,
    }));
    const made = await alice.ask('POST', `/v1/associations/${id ?? ''}/grants`, {
      archive: digestOf(name ?? ''),
      grants,
    });
    expect(made.statusCode).toBe(201);
    for (const [dataOwner, dataset] of [
      [bob, 'wards'],
      [ben, 'rooms'],
    ] as const) {
      const container = { owner: 'alice', name };
      const result = { container, benchmark: 'digits', dataset, metrics: { accuracy: 0.9 } };
      expect((await dataOwner.ask('POST', '/v1/results', result)).statusCode).toBe(201);
    }
  }
  const revocation = { email: 'bob@example.org', reason: 'left' };
  await alice.ask('POST', `/v1/associations/${ids.ASSOCIATION ?? ''}/grants/revocation`, revocation);
}

async function sendAndDeploy(): Promise<void> {
  const { db } = platform;
  const { account } = people.alice;
  const webhook = { id: randomUUID(), url: 'https://hooks.example.org/', events: [], sealedSecret: Buffer.from('x') };
  ids.WEBHOOK = (await insertWebhook(db, account, webhook)).id;
  await db.transaction().execute((trx) =>
    recordEvents(trx, [
      { audience: account.id, type: 'grant.created' },
      { audience: account.id, type: 'grant.revoked' },
      { audience: account.id, type: 'grant.created' },
    ]),
  );
  await sql`INSERT INTO webhook_deliveries (webhook_id, event_id, state)
    SELECT ${webhook.id}, id, (ARRAY['pending', 'delivered', 'failed'])[1 + id % 3]
    FROM events WHERE audience = ${account.id}`.execute(db);
  for (const [name, version, state] of [
    ['digits', 1, 'failed'],
    ['digits', 2, 'ready'],
    ['faces', 1, 'ready'],
  ] as const) {
    await sql`INSERT INTO functions (id, owner_id, name, version, checksum, bundle_sha256, bundle_size, public,
        memory_mb, seconds, threads, input_type, max_input_bytes, output_type, state, failure)
      SELECT ${`A${name}${version}`.padEnd(22, '0')}, ${account.id}, ${name}, ${version}::int, ${digestOf(`${name}@${version}`)}, sha256, size,
        false, 512, 10, 1, 'image', 1000, 'json', ${state},
        CASE ${state} WHEN 'failed' THEN '{"code":"E_FUNCTION_INVALID","message":"no"}'::jsonb END FROM blobs LIMIT 1`.execute(
      db,
    );
  }
  for (const state of ['running', 'done', 'done', 'cancelled']) {
    await sql`INSERT INTO jobs (id, account_id, function_id, function_name, checksum, nonce, answer_key, permit, items, state, ended_at)
      VALUES (${randomUUID()}, ${account.id}, 'x', 'alice/f@1', ${digestOf('f')}, ${'A'.repeat(43)}, ${'A'.repeat(43)}, 'x', 1, ${state},
        ${state === 'running' ? null : new Date()})`.execute(db);
  }
}

/** One thing a day, so that lists of what happened can be cut anywhere. */
async function spreadOverDays(): Promise<void> {
  for (const [table, column] of [
    ['associations', 'requested_at'],
    ['grants', 'granted_at'],
    ['results', 'submitted_at'],
    ['webhook_deliveries', 'created_at'],
    ['jobs', 'created_at'],
  ] as const) {
    await sql`UPDATE ${sql.table(table)} t SET ${sql.ref(column)} = '2026-01-01T12:00:00.123456Z'::timestamptz + day * interval '1 day'
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS day FROM ${sql.table(table)}) AS days
      WHERE days.id = t.id`.execute(platform.db);
  }
}

const at = (url: string) => url.replace(/[A-Z]{4,}/, (name) => ids[name] ?? name);
const list = async (who: Person, url: string): Promise<Listing> => {
  const answer = await who.ask('GET', at(url));
  expect([url, answer.statusCode, answer.body]).toEqual([url, 200, answer.body]);
  return answer.json() as unknown as Listing;
};

async function inPagesOfOne(who: Person, url: string): Promise<Item[]> {
  const found: Item[] = [];
  let cursor = '';
  do {
    const { items, next } = await list(who, `${url}&limit=1${cursor}`);
    found.push(...items);
    cursor = next === null ? '' : `&cursor=${next}`;
  } while (cursor !== '');
  return found;
}

type Who = keyof typeof people;
/** Who asks for which list, narrowed how, and how one tells what belongs to it. */
const FILTERS: readonly [Who, string, string, (item: Item) => boolean][] = [
  ['alice', '/v1/associations', 'owner=bob', () => false],
  ['ann', '/v1/associations', 'owner=alice', ({ owner }) => owner === 'alice'],
  ['alice', '/v1/associations', 'name=model&kind=container', ({ name }) => name === 'model'],
  ['alice', '/v1/associations', 'benchmark=digits&mine=true', ({ benchmark }) => benchmark === 'digits'],
  ['alice', '/v1/associations/ASSOCIATION/grants', 'state=revoked', ({ state }) => state === 'revoked'],
  ['alice', '/v1/associations/ASSOCIATION/grants', 'email=ben@example.org', ({ email }) => email === 'ben@example.org'],
  ['alice', '/v1/benchmarks', 'state=open', ({ state }) => state === 'open'],
  ['alice', '/v1/benchmarks', 'member=ann', ({ members }) => members?.includes('ann') === true],
  ['alice', '/v1/benchmarks', 'member=ann&state=closed', ({ name }) => name === 'words'],
  ['alice', '/v1/containers', 'benchmark=digits', ({ name }) => name !== 'unasked'],
  ['alice', '/v1/containers', 'benchmark=faces', ({ name }) => name === 'model'],
  ['alice', '/v1/datasets', 'benchmark=digits', ({ name }) => name === 'scans'],
  ['alice', '/v1/certificates', 'state=revoked', ({ state }) => state === 'revoked'],
  ['alice', '/v1/invitations', 'benchmark=faces', ({ benchmark }) => benchmark === 'faces'],
  [
    'ann',
    '/v1/benchmarks/digits/results',
    'container=alice/other',
    ({ container }) => (container as unknown as Item).name === 'other',
  ],
  ['alice', '/v1/webhooks/WEBHOOK/deliveries', 'state=failed', ({ state }) => state === 'failed'],
  ['alice', '/v1/webhooks/WEBHOOK/deliveries', 'type=grant.revoked', ({ type }) => type === 'grant.revoked'],
  ['alice', '/v1/jobs', 'state=done', ({ state }) => state === 'done'],
  ['alice', '/v1/functions', 'state=ready', ({ state }) => state === 'ready'],
  ['alice', '/v1/functions', 'name=digits&state=ready', ({ name, state }) => name === 'digits' && state === 'ready'],
];

describe('a list that is narrowed', () => {
  test.each(FILTERS)(
    'has for %s of %s?%s just what belongs to it, whole and in pages',
    async (name, url, query, belongs) => {
      const who = people[name];
      const all = (await list(who, url)).items;
      const wanted = all.filter(belongs);
      expect((await list(who, `${url}?${query}`)).items).toEqual(wanted);
      expect(await inPagesOfOne(who, `${url}?${query}`)).toEqual(wanted);
      expect(wanted.length).toBeLessThan(all.length);
    },
  );

  test.each([
    ['alice', '/v1/associations', 'requestedAt'],
    ['alice', '/v1/associations/ASSOCIATION/grants', 'grantedAt'],
    ['ann', '/v1/benchmarks/digits/results', 'submittedAt'],
    ['alice', '/v1/webhooks/WEBHOOK/deliveries', 'createdAt'],
    ['alice', '/v1/jobs', 'createdAt'],
    ['opal', '/v1/audit/entries', 'at'],
  ] as const)(
    'to a time begins with its first moment and ends before its last: %s of %s',
    async (name, url, moment) => {
      const who = people[name];
      const all = (await list(who, url)).items;
      const times = all.map((item) => item[moment] ?? '').sort();
      const [from, until] = [times[Math.floor(times.length / 3)] ?? '', times.at(-1) ?? ''];
      const within = all.filter((item) => (item[moment] ?? '') >= from && (item[moment] ?? '') < until);
      expect(within.length).toBeGreaterThan(0);
      expect((await list(who, `${url}?from=${from}&until=${until}`)).items).toEqual(within);
      expect((await list(who, `${url}?from=${from}`)).items.length).toBeGreaterThan(within.length);
      expect((await list(who, `${url}?from=${until}&until=${from}`)).items).toEqual([]);
    },
  );

  test('refuses what it does not know, by name and by value', async () => {
    for (const [name, url, query] of FILTERS) {
      const [filter = ''] = query.split('=');
      for (const wrong of ['colour=red', `${filter}=A%00`, `${filter}=`, `${query}&${query}`]) {
        const answer = await people[name].ask('GET', at(`${url}?${wrong}`));
        expect([url, wrong, answer.statusCode, answer.json().code]).toEqual([url, wrong, 400, 'E_INVALID_REQUEST']);
      }
    }
    for (const moment of ['yesterday', '2026-13-01T00:00:00Z', '2026-01-01', '2016-12-31T23:59:60Z']) {
      const answer = await people.alice.ask('GET', `/v1/jobs?from=${moment}`);
      expect([moment, answer.statusCode]).toEqual([moment, 400]);
    }
    expect(
      (await list(people.alice, '/v1/jobs?from=0000-01-01T00:00:00Z&until=9999-12-31T23:59:59Z')).items,
    ).toHaveLength(4);
  });

  test('takes no cursor of a list that was narrowed in another way', async () => {
    const { alice } = people;
    const ask = async (query: string) => (await alice.ask('GET', `/v1/associations?${query}`)).statusCode;
    const { next: whole } = await list(alice, '/v1/associations?limit=1');
    const { next: narrowed } = await list(alice, '/v1/associations?kind=container&benchmark=digits&limit=1');
    expect(await ask(`cursor=${narrowed ?? ''}&benchmark=digits&kind=container`)).toBe(200);
    expect(await ask(`cursor=${narrowed ?? ''}&benchmark=digits&kind=container&limit=2`)).toBe(200);
    expect(await ask(`cursor=${narrowed ?? ''}`)).toBe(400);
    expect(await ask(`cursor=${narrowed ?? ''}&benchmark=faces&kind=container`)).toBe(400);
    expect(await ask(`cursor=${whole ?? ''}&benchmark=digits&kind=container`)).toBe(400);
  });
});
