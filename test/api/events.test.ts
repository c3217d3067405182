import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { streamEvents, type PlatformEvent } from '../../client/event-stream.ts';
import { createPlatformClient } from '../../client/platform.ts';
import type { AssociationId } from '../../domain/ids.ts';
import { listEvents, recordEvents } from '../../storage/events.ts';
import { approved, createBenchmark, digestOf } from './support/benchmark.ts';
import { certificateFor, person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import { until } from '../support/patience.ts';

let platform: TestPlatform;
let baseUrl: string;
let committee: Person[];
let alice: Person;
let bob: Person;
let access: AssociationId;

beforeAll(async () => {
  platform = await startPlatform();
  baseUrl = await platform.app.listen({ port: 0, host: '127.0.0.1' });
  committee = await Promise.all(['ann', 'ben', 'cleo'].map((name) => person(platform, name)));
  alice = await person(platform, 'alice');
  bob = await person(platform, 'bob');
  await createBenchmark(platform, 'digits', committee);
  await certificateFor(platform, alice);
});
afterAll(() => platform.stop());

/** What happens before that is not told to whoever begins to listen now. */
async function nextStreamIsOpen(): Promise<void> {
  const [, reply] = (await once(platform.app.server, 'request')) as [unknown, ServerResponse];
  await until('the stream is open', () => reply.headersSent);
}

/** Listens until `count` events are there. */
async function hear(someone: Person, count: number, after: string | null = '0'): Promise<PlatformEvent[]> {
  const stop = new AbortController();
  const client = createPlatformClient({ baseUrl, token: someone.token });
  const heard: PlatformEvent[] = [];
  for await (const event of streamEvents(client, { after, signal: stop.signal })) {
    heard.push(event);
    if (heard.length === count) break;
  }
  stop.abort();
  return heard;
}

test('an owner hears of the decision, of data owners that become authorised, and of their certificates', async () => {
  const opened = nextStreamIsOpen();
  const hearing = hear(alice, 3, null);
  await opened;
  access = await approved(platform, alice, 'container', 'model', 'digits');
  await approved(platform, bob, 'dataset', 'wards', 'digits');
  const { fingerprint } = await certificateFor(platform, bob);
  const about = { association: access, container: 'alice/model', benchmark: 'digits' };
  expect(await hearing).toEqual([
    expect.objectContaining({ type: 'association.decided', ...about }),
    expect.objectContaining({ type: 'data-owner.authorised', account: 'bob', ...about }),
    expect.objectContaining({ type: 'certificate.issued', account: 'bob', fingerprint, ...about }),
  ]);
});

test('the committee hears of requests and decisions, the data owner of its grants, and nobody of what concerns others', async () => {
  expect((await hear(committee[1]!, 4)).map((event) => event.type)).toEqual([
    'association.requested',
    'association.decided',
    'association.requested',
    'association.decided',
  ]);
  const { items } = (await bob.ask('GET', '/v1/certificates')).json() as unknown as {
    items: { fingerprint: string }[];
  };
  const grants = [{ fingerprint: items[0]!.fingerprint, message: 'wrapped', origin: 'manual', expiresAt: null }];
  await alice.ask('POST', `/v1/associations/${access}/grants`, { archive: digestOf('model'), grants });
  await alice.ask('POST', `/v1/associations/${access}/grants/revocation`, { email: 'bob@example.org', reason: 'x' });
  await alice.ask('POST', `/v1/associations/${access}/grants`, { archive: digestOf('model'), grants });
  await alice.ask('DELETE', `/v1/associations/${access}/grants`);
  const heard = await hear(bob, 5);
  expect(heard.map((event) => event.type)).toEqual([
    'association.decided',
    'grant.created',
    'grant.revoked',
    'grant.created',
    'access.closed',
  ]);
  expect(JSON.stringify(heard)).not.toContain('wrapped');
});

test('who comes back after the last event that it dealt with gets the rest, once and in order', async () => {
  const all = await hear(bob, 5);
  const rest = await hear(bob, 3, all[1]!.id);
  expect(rest).toEqual(all.slice(2));
});

test('events of two hundred transactions at the same moment reach a listener completely and in order', async () => {
  const dora = await person(platform, 'dora');
  const hearing = hear(dora, 200, '0');
  await Promise.all(
    Array.from({ length: 200 }, () =>
      platform.db
        .transaction()
        .execute((trx) =>
          recordEvents(trx, [{ audience: dora.account.id, type: 'grant.created', container: 'alice/model' }]),
        ),
    ),
  );
  const ids = (await hearing).map((event) => Number(event.id));
  expect(ids).toEqual([...ids].sort((first, second) => first - second));
  expect(new Set(ids).size).toBe(200);
});

test('an event never shows before one with a smaller number that is still being written', async () => {
  const { account } = await person(platform, 'fay');
  const [written, mayEnd] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const note = (end: () => unknown) =>
    platform.db.transaction().execute(async (trx) => {
      await recordEvents(trx, [{ audience: account.id, type: 'grant.created' }]);
      await end();
    });
  const first = note(() => {
    written.resolve(undefined);
    return mayEnd.promise;
  });
  await written.promise;
  const second = note(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await listEvents(platform.db, account.id, 0, 10)).toEqual([]);
  mayEnd.resolve(undefined);
  await Promise.all([first, second]);
  expect(await listEvents(platform.db, account.id, 0, 10)).toHaveLength(2);
});

test('a change that is rolled back leaves no event', async () => {
  const eve = await person(platform, 'eve');
  const change = platform.db.transaction().execute(async (trx) => {
    await recordEvents(trx, [{ audience: eve.account.id, type: 'grant.created' }]);
    throw new Error('rolled back');
  });
  await expect(change).rejects.toThrow('rolled back');
  expect(await platform.db.selectFrom('events').selectAll().where('audience', '=', eve.account.id).execute()).toEqual(
    [],
  );
});

test('the stream needs an account, and stops when its reader says so', async () => {
  const nobody = createPlatformClient({ baseUrl, token: 'no token' });
  const refused = streamEvents(nobody, { after: null, signal: new AbortController().signal }).next();
  await expect(refused).rejects.toMatchObject({ code: 'E_SIGNED_OUT' });
  const stop = new AbortController();
  const quiet = streamEvents(createPlatformClient({ baseUrl, token: bob.token }), {
    after: null,
    signal: stop.signal,
  }).next();
  setTimeout(() => {
    stop.abort(new Error('enough'));
  }, 100);
  await expect(quiet).rejects.toThrow('enough');
});
