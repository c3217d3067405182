/** What happens, told outside: signed webhooks with their log, and the mails of committees. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { sendParcel } from '../../activities/webhook-request.ts';
import { openTemporal } from '../../api/temporal.ts';
import { createAddressPolicy } from '../../client/address-policy.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import { openEventListener, type EventListener } from '../../storage/event-listener.ts';
import { recordEvents, type NewEvent } from '../../storage/events.ts';
import { saveWebhookKey } from '../../storage/webhook-key.ts';
import { startEventDispatcher } from '../../workers/event-dispatcher.ts';
import { createBenchmark, newContainer, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import { startTemporal } from './support/temporal.ts';
import { expectedSignature, startReceiver, type Receiver } from './support/webhook-receiver.ts';
import { startWorker, type TestWorker } from './support/worker.ts';
import { found, until } from '../support/patience.ts';

interface WebhookReply {
  readonly id: string;
  readonly secret: string;
  readonly failingSince: string | null;
  readonly disabledBecause: string | null;
}
interface DeliveryReply {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly attempts: readonly { readonly status: number | null; readonly failure: string | null }[];
}

let temporal: TestWorkflowEnvironment;
let client: Client;
let platform: TestPlatform;
let worker: TestWorker;
let receiver: Receiver;
let events: EventListener;
let dispatchers: { stop(): Promise<void> }[];
let ann: Person;
let ben: Person;
let alice: Person;

beforeAll(async () => {
  temporal = await startTemporal();
  client = openTemporal({ address: temporal.address, namespace: 'default' });
  platform = await startPlatform({ temporal: client, settings: { allowPrivateWebhooks: true } });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await saveWebhookKey(platform.db, publicKey.export({ format: 'pem', type: 'spki' }).toString());
  const policy = createAddressPolicy({ allowPrivateAddresses: true, platformOrigin: null });
  worker = await startWorker(temporal.nativeConnection, platform, {}, { key: privateKey, policy });
  receiver = await startReceiver();
  [ann, ben, alice] = (await Promise.all(['ann', 'ben', 'alice'].map((name) => person(platform, name)))) as [
    Person,
    Person,
    Person,
  ];
  await createBenchmark(platform, 'digits', [ann, ben]);
  events = openEventListener(platform.postgres.url);
  // Two, as in two workers.
  const dispatching = { db: platform.db, temporal: client, events, onFailure: console.error };
  dispatchers = [startEventDispatcher(dispatching), startEventDispatcher(dispatching)];
});
afterAll(async () => {
  for (const dispatcher of dispatchers) await dispatcher.stop();
  await events.close();
  await worker.stop();
  await receiver.stop();
  await platform.stop();
  await client.connection.close();
  await temporal.teardown();
});

const webhookFor = async (who: Person, path: string, types: readonly string[] = []): Promise<WebhookReply> =>
  (await who.ask('POST', '/v1/webhooks', { url: `${receiver.url}${path}`, events: types })).json() as never;
const webhooksOf = async (who: Person) =>
  (await who.ask('GET', '/v1/webhooks')).json().items as unknown as WebhookReply[];
const deliveriesOf = async (who: Person, id: string) =>
  (await who.ask('GET', `/v1/webhooks/${id}/deliveries`)).json().items as unknown as DeliveryReply[];
const happens = (...happened: NewEvent[]) => platform.db.transaction().execute((trx) => recordEvents(trx, happened));
const eventFor = ({ account }: Person, type: NewEvent['type'] = 'grant.created'): NewEvent => ({
  audience: account.id,
  type,
  container: 'alice/model',
});
const deliveryIn = (who: Person, id: string, state: string) =>
  found(`a delivery that is ${state}`, async () =>
    (await deliveriesOf(who, id)).find((delivery) => delivery.state === state),
  );

async function auditOf(webhook: string): Promise<AuditEntry[]> {
  const rows = await platform.db
    .selectFrom('auditEntries')
    .select('content')
    .where('subject', '=', `webhook/${webhook}`)
    .orderBy('sequence')
    .execute();
  return rows.map(({ content }) => JSON.parse(content) as AuditEntry);
}

describe('a webhook', () => {
  test('gets each event of its account once, signed with its secret, and the log says so', async () => {
    const { id, secret } = await webhookFor(ann, '/signed');
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    await alice.ask('POST', '/v1/containers', newContainer('model'));
    const request = { kind: 'container', name: 'model', benchmark: 'digits', testResult: { accuracy: 1 } };
    const evidence = { testDatasetSha256: TEST_DATASET.sha256 };
    const { id: association } = (await alice.ask('POST', '/v1/associations', { ...request, ...evidence })).json();
    const [taken] = await receiver.until('/signed', 1);
    expect(JSON.parse(taken!.body)).toEqual({
      type: 'association.requested',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: { association, benchmark: 'digits', account: 'alice', container: 'alice/model' },
    });
    expect(taken!.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(taken!.headers['webhook-signature']).toBe(expectedSignature(secret, taken!));
    expect(Math.abs(Number(taken!.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(60);
    const delivery = await deliveryIn(ann, id, 'delivered');
    expect(delivery).toMatchObject({ type: 'association.requested', attempts: [{ status: 204, failure: null }] });
    expect(taken!.headers['webhook-id']).toBe(delivery.id);
    // The decision reaches the committee, too.
    for (const member of [ann, ben]) {
      await member.ask('POST', `/v1/associations/${association}/votes`, { ballot: 'approve', reason: '' });
    }
    const [, decided, ...more] = await receiver.until('/signed', 2);
    expect(JSON.parse(decided!.body)).toMatchObject({ type: 'association.decided', data: { association } });
    expect(more).toEqual([]);
    await ann.ask('DELETE', `/v1/webhooks/${id}`);
  });

  test('gets what it asks for, of its own account, from when it was there', async () => {
    await happens(eventFor(ann));
    const { id } = await webhookFor(ann, '/chosen', ['grant.revoked']);
    await happens(eventFor(ben, 'grant.revoked'), eventFor(ann), eventFor(ann, 'grant.revoked'));
    await deliveryIn(ann, id, 'delivered');
    await pause(500);
    expect((await receiver.until('/chosen', 1)).map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual(
      ['grant.revoked'],
    );
    await ann.ask('DELETE', `/v1/webhooks/${id}`);
  });

  test('that does not take an event gets it again under the same id, and a redirect leads nowhere', async () => {
    const { id, secret } = await webhookFor(ann, '/shaky');
    receiver.answers.push(302);
    await happens(eventFor(ann));
    const failing = await found('a failure', async () =>
      (await webhooksOf(ann)).find(({ failingSince }) => failingSince !== null),
    );
    expect(failing.id).toBe(id);
    const [first, second] = await receiver.until('/shaky', 2);
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.headers['webhook-signature']).toBe(expectedSignature(secret, second!));
    const delivery = await deliveryIn(ann, id, 'delivered');
    expect(delivery.attempts).toMatchObject([
      { status: 302, failure: 'It answered with 302.' },
      { status: 204, failure: null },
    ]);
    expect(await webhooksOf(ann)).toMatchObject([{ id, failingSince: null }]);
    const again = await ann.ask('POST', `/v1/webhooks/${id}/deliveries/${delivery.id}/redelivery`);
    expect(again.statusCode).toBe(202);
    expect((await receiver.until('/shaky', 3)).at(-1)?.headers['webhook-id']).toBe(delivery.id);
    await ann.ask('DELETE', `/v1/webhooks/${id}`);
  });

  test('that says it is gone is switched off at once, and its owner hears of it by one mail', async () => {
    const { id } = await webhookFor(ben, '/gone');
    receiver.answers.push(410);
    await happens(eventFor(ben));
    const off = await found('that it is switched off', async () =>
      (await webhooksOf(ben)).find(({ disabledBecause }) => disabledBecause !== null),
    );
    expect(off).toMatchObject({ id, disabledBecause: 'It answered that it is gone (410).' });
    const mail = await found('the mail', async () =>
      (await platform.mailsTo('ben@example.org')).find((text) => text.includes('switched off')),
    );
    expect(mail).toContain('strongroom webhook list');
    const [delivery] = await deliveriesOf(ben, id);
    const refused = await ben.ask('POST', `/v1/webhooks/${id}/deliveries/${delivery!.id}/redelivery`);
    expect(refused.json()).toMatchObject({ code: 'E_CONFLICT', detail: 'The webhook is switched off.' });
  });

  test('that takes nothing for five days is switched off, and nothing is sent to it any more', async () => {
    const { id } = await webhookFor(ben, '/dead');
    const since = new Date(Date.now() - 5 * 86_400_000 - 60_000);
    await platform.db.updateTable('webhooks').set({ failingSince: since }).where('id', '=', id).execute();
    receiver.answers.push(500);
    await happens(eventFor(ben));
    const off = () => webhooksOf(ben).then((all) => all.find((one) => one.id === id && one.disabledBecause !== null));
    expect(await found('that it is switched off', off)).toMatchObject({
      disabledBecause: 'Nothing sent to it was taken for 5 days.',
    });
    expect(await deliveriesOf(ben, id)).toMatchObject([{ state: 'failed', attempts: [{ status: 500 }] }]);
    await happens(eventFor(ben));
    await pause(1000);
    expect(await receiver.until('/dead', 1)).toHaveLength(1);
    const mails = async () =>
      (await platform.mailsTo('ben@example.org')).filter((text) => text.includes('switched off'));
    await until('the second mail', async () => (await mails()).length === 2);
  });

  test('is changed by its owner only as read: of two changes at once one wins, and the next event goes where it says', async () => {
    const { id, secret } = await webhookFor(ann, '/old', ['grant.created']);
    const url = `/v1/webhooks/${id}/settings`;
    const read = await ann.ask('GET', url);
    const tag = String(read.headers.etag);
    expect(read.json()).toEqual({ url: `${receiver.url}/old`, events: ['grant.created'] });
    expect((await ann.ask('GET', url, undefined, { 'if-none-match': tag })).statusCode).toBe(304);
    const change = (path: string, headers = {}) =>
      ann.ask('PUT', url, { url: `${receiver.url}${path}`, events: ['grant.revoked'] }, headers);
    expect((await change('/new')).json().code).toBe('E_IF_MATCH_MISSING');
    const both = await Promise.all(['/new-1', '/new-2'].map((path) => change(path, { 'if-match': tag })));
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412]);
    const set = (await ann.ask('GET', url)).json() as unknown as { readonly url: string };
    expect(set).toEqual(both.find(({ statusCode }) => statusCode === 200)?.json());
    const wrong = { url: 'ftp://hooks.example.org/', events: [] };
    expect((await ann.ask('PUT', url, wrong, { 'if-match': '*' })).statusCode).toBe(400);
    await happens(eventFor(ann, 'grant.created'), eventFor(ann, 'grant.revoked'));
    const [taken] = await receiver.until(new URL(set.url).pathname, 1);
    expect(JSON.parse(taken!.body)).toMatchObject({ type: 'grant.revoked' });
    expect(taken!.headers['webhook-signature']).toBe(expectedSignature(secret, taken!));
    const [, changed, ...more] = await auditOf(id);
    expect(changed).toMatchObject({
      action: 'webhook.changed',
      before: { events: ['grant.created'] },
      after: { events: ['grant.revoked'] },
    });
    expect(more).toEqual([]);
    await ann.ask('DELETE', `/v1/webhooks/${id}`);
  });

  test('that was switched off is switched on again, for what happens from then on', async () => {
    const { id } = await webhookFor(ann, '/back');
    receiver.answers.push(410);
    await happens(eventFor(ann, 'grant.created'));
    const isOff = async () => (await webhooksOf(ann)).find((one) => one.id === id && one.disabledBecause !== null);
    await found('that it is switched off', isOff);
    const mail = await found('the mail', async () =>
      (await platform.mailsTo('ann@example.org')).find((text) => text.includes('switched off')),
    );
    expect(mail).toContain('strongroom webhook enable');
    await happens(eventFor(ann, 'grant.revoked'));
    for (let round = 0; round < 2; round += 1) {
      const enabled = await ann.ask('POST', `/v1/webhooks/${id}/enabling`);
      expect([enabled.statusCode, enabled.json()]).toMatchObject([
        200,
        { id, disabledAt: null, disabledBecause: null, failingSince: null },
      ]);
    }
    await happens(eventFor(ann, 'access.closed'));
    await deliveryIn(ann, id, 'delivered');
    const failed = await deliveryIn(ann, id, 'failed');
    expect((await ann.ask('POST', `/v1/webhooks/${id}/deliveries/${failed.id}/redelivery`)).statusCode).toBe(202);
    const taken = await receiver.until('/back', 3);
    await pause(500);
    expect(taken.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
      'grant.created',
      'access.closed',
      'grant.created',
    ]);
    expect(await auditOf(id)).toMatchObject([
      { action: 'webhook.created', account: 'ann' },
      { action: 'webhook.disabled', account: null },
      { action: 'webhook.enabled', account: 'ann', before: { because: 'It answered that it is gone (410).' } },
    ]);
    await ann.ask('DELETE', `/v1/webhooks/${id}`);
  });

  test('with a new secret is signed by it and by the one before, until the time of that is over', async () => {
    const { id, secret: first } = await webhookFor(ann, '/rotated');
    const rotate = async (body: object) => {
      const answer = await ann.ask('POST', `/v1/webhooks/${id}/secret`, body);
      expect(answer.statusCode).toBe(200);
      return answer.json() as unknown as WebhookReply & { readonly oldSecretUntil: string | null };
    };
    const nextSignature = async (count: number) => {
      await happens(eventFor(ann));
      const taken = (await receiver.until('/rotated', count)).at(-1);
      return { taken: taken!, signature: taken!.headers['webhook-signature'] };
    };
    const second = await rotate({});
    const hours = (Date.parse(second.oldSecretUntil ?? '') - Date.now()) / 3_600_000;
    expect(Math.round(hours)).toBe(24);
    const both = await nextSignature(1);
    expect(both.signature).toBe(
      `${expectedSignature(second.secret, both.taken)} ${expectedSignature(first, both.taken)}`,
    );
    const over = new Date(Date.now() - 1000);
    await platform.db.updateTable('webhooks').set({ oldSecretUntil: over }).where('id', '=', id).execute();
    const one = await nextSignature(2);
    expect(one.signature).toBe(expectedSignature(second.secret, one.taken));
    const kept = platform.db.selectFrom('webhooks').select(['oldSealedSecret', 'oldSecretUntil']).where('id', '=', id);
    expect(await kept.execute()).toEqual([{ oldSealedSecret: null, oldSecretUntil: null }]);
    const third = await rotate({ overlapHours: 0 });
    expect(third.oldSecretUntil).toBeNull();
    const last = await nextSignature(3);
    expect(last.signature).toBe(expectedSignature(third.secret, last.taken));
    expect(new Set([first, second.secret, third.secret]).size).toBe(3);
    const log = await auditOf(id);
    expect(log.map(({ action }) => action)).toEqual([
      'webhook.created',
      'webhook.secret-rotated',
      'webhook.secret-rotated',
    ]);
    expect(log[1]).toMatchObject({ account: 'ann', after: { oldSecretUntil: second.oldSecretUntil } });
    expect(JSON.stringify(log)).not.toContain('whsec_');
    await ann.ask('DELETE', `/v1/webhooks/${id}`);
  });

  test('leaves its secret nowhere but with its owner: not in the database, not in a history', async () => {
    const { id, secret } = await webhookFor(ann, '/secret');
    await happens(eventFor(ann));
    await deliveryIn(ann, id, 'delivered');
    const bytes = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const rows = await platform.db.selectFrom('webhooks').selectAll().execute();
    for (const row of rows) {
      expect(row.sealedSecret.includes(bytes)).toBe(false);
      expect(JSON.stringify(row)).not.toContain(bytes.toString('hex'));
    }
    const [{ event }] = (await platform.db
      .selectFrom('webhookDeliveries')
      .select('eventId as event')
      .where('webhookId', '=', id)
      .execute()) as [{ event: number }];
    const history = await temporal.client.workflow.getHandle(`webhook/${id}/${event}`).fetchHistory();
    const told = JSON.stringify(history, (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expect(told).toContain(id);
    for (const hidden of [secret, bytes.toString('hex'), receiver.url]) expect(told).not.toContain(hidden);
    expect(JSON.stringify(await webhooksOf(ann))).not.toContain(secret);
  });

  test('of an account there are ten at most', async () => {
    const mona = await person(platform, 'mona');
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => mona.ask('POST', '/v1/webhooks', { url: 'https://hooks.example.org/' })),
    );
    expect(answers.filter(({ statusCode }) => statusCode === 201)).toHaveLength(10);
  });
});

describe('an address inside', () => {
  const parcel = (url: string) => ({
    delivery: 'a delivery',
    url,
    sealedSecrets: [Buffer.alloc(0)],
    event: { id: 1, type: 'grant.created' as const, at: '2026-11-26T12:00:00.000Z' },
  });

  test('gets nothing unless configured, by name or number, and the log does not say where a name leads', async () => {
    const policy = createAddressPolicy({ allowPrivateAddresses: false, platformOrigin: null });
    const { port } = new URL(receiver.url);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254', '0x7f.1']) {
      const answer = await sendParcel(parcel(`http://${host}:${port}/inside`), [Buffer.from('secret')], policy);
      expect([host, answer]).toEqual([
        host,
        { status: null, failure: 'Its address is not a public one.', gone: false },
      ]);
    }
    expect(receiver.taken.filter(({ path }) => path === '/inside')).toEqual([]);
  });

  test('and plain HTTP are refused from the start where nobody configured them', async () => {
    const strict = await startPlatform();
    const someone = await person(strict, 'someone');
    const create = async (url: string) => (await someone.ask('POST', '/v1/webhooks', { url })).json().code;
    expect(await create('http://hooks.example.org/')).toBe('E_INVALID_REQUEST');
    expect(await create('ftp://hooks.example.org/')).toBe('E_INVALID_REQUEST');
    expect(await create('https://hooks.example.org/')).toBe('E_UNAVAILABLE');
    await strict.stop();
  });
});

describe('a committee', () => {
  const mailsWith = async ({ account }: Person, words: string) => {
    await found('the mail', async () => (await platform.mailsTo(account.email)).find((text) => text.includes(words)));
    await pause(300);
    return (await platform.mailsTo(account.email)).filter((text) => text.includes(words));
  };

  test('tells the owner of an invited container by one mail, with the command that follows it', async () => {
    const invitation = { owner: 'alice', container: 'wanted', reason: 'to compare' };
    await ann.ask('POST', '/v1/benchmarks/digits/invitations', invitation);
    const [mail, ...more] = await mailsWith(alice, 'alice/wanted is invited');
    expect(mail).toContain('strongroom container associate wanted --benchmark digits');
    expect(more).toEqual([]);
  });

  test('tells everyone on it, and who comes and goes, by one mail each', async () => {
    await person(platform, 'dave');
    await ann.ask('POST', '/v1/benchmarks/digits/members', { member: 'dave' });
    const dave = { account: { email: 'dave@example.org' } } as Person;
    expect(await mailsWith(dave, 'digits: you joined the committee')).toHaveLength(1);
    expect(await mailsWith(ben, 'digits: dave joined the committee')).toHaveLength(1);
    await ben.ask('DELETE', '/v1/benchmarks/digits/members/dave');
    expect(await mailsWith(dave, 'digits: you left the committee')).toHaveLength(1);
    expect(await mailsWith(ann, 'digits: dave left the committee')).toHaveLength(1);
  });

  test('tells everyone on it that one of them changed what is approved without votes', async () => {
    const policies = { container: { approves: 'always' }, dataset: { approves: 'always' } };
    await ann.ask('PUT', '/v1/benchmarks/digits/policies', policies, { 'if-match': '*' });
    expect(await mailsWith(ben, 'digits: ann changed what is approved without votes')).toHaveLength(1);
    expect(await mailsWith(ann, 'digits: you changed what is approved without votes')).toHaveLength(1);
  });
});
