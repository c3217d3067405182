/** What operators see, and that nobody else sees it: the page of what waits, and the codec server of the Web UI. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { openMetrics } from '../../api/metrics.ts';
import { openTemporal } from '../../api/temporal.ts';
import { EncryptionCodec } from '../../stack/payload-codec.ts';
import { addPayloadKey } from '../../stack/payload-keys.ts';
import { reviewAssociationWorkflowId } from '../../workflows/review-association/contract.ts';
import { createBenchmark, newContainer, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import { startTemporal } from './support/temporal.ts';
import { startWorker, type TestWorker } from './support/worker.ts';

const UI = 'http://127.0.0.1:8233';
const PASSWORD = 'correct horse battery';
const DECODE = '/operations/codec/decode';

let folder: string;
let temporal: TestWorkflowEnvironment;
let platform: TestPlatform;
let worker: TestWorker;
let alice: Person;
let oscar: Person;
let client: ReturnType<typeof openTemporal>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-test-operations-'));
  addPayloadKey(join(folder, 'keys.json'), 0);
  const payloadCodec = new EncryptionCodec(join(folder, 'keys.json'));
  const dataConverter = { payloadCodecs: [payloadCodec] };
  temporal = await startTemporal();
  client = openTemporal({ address: temporal.address, namespace: 'default', dataConverter });
  platform = await startPlatform({ temporal: client, settings: { temporalUiUrl: UI, payloadCodec } });
  worker = await startWorker(temporal.nativeConnection, platform, dataConverter);
  [alice, oscar] = [await person(platform, 'alice'), await person(platform, 'oscar')];
});
afterAll(async () => {
  await worker.stop();
  await platform.stop();
  await client.connection.close();
  await temporal.teardown();
  await rm(folder, { recursive: true, force: true });
});

/** A request that waits for its committee; answers the workflow's id. */
async function waitingRequest(): Promise<string> {
  const committee = await Promise.all(['ann', 'ben'].map((name) => person(platform, name)));
  await createBenchmark(platform, 'digits', committee);
  await alice.ask('POST', '/v1/containers', newContainer('model'));
  const evidence = { testResult: { accuracy: 0.98 }, testDatasetSha256: TEST_DATASET.sha256 };
  const request = { kind: 'container', name: 'model', benchmark: 'digits', ...evidence };
  const { id } = (await alice.ask('POST', '/v1/associations', request)).json();
  await committee[0]!.ask('POST', `/v1/associations/${id}/votes`, { ballot: 'approve', reason: 'convincing numbers' });
  return reviewAssociationWorkflowId(id);
}

interface JsonPayload {
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: string;
}

/** All payloads of a history as its JSON has them. */
function payloadsIn(value: unknown): JsonPayload[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('metadata' in value && 'data' in value) return [value as JsonPayload];
  return Object.values(value).flatMap(payloadsIn);
}

test('D11: with a key ring a history holds no word of what was said, and the codec server shows it to an operator only', async () => {
  const workflow = await waitingRequest();
  const text = historyToJSON(await client.workflow.getHandle(workflow).fetchHistory());
  const payloads = payloadsIn(JSON.parse(text)).filter(({ metadata }) => 'encryption-key-id' in metadata);
  expect(payloads.length).toBeGreaterThan(2);
  const written = payloadsIn(JSON.parse(text)).map(({ data }) => Buffer.from(data, 'base64').toString('latin1'));
  for (const word of ['convincing', 'requested', 'quorum', '"ann']) expect(written.join('\n')).not.toContain(word);

  const ask = (headers: Record<string, string>) =>
    platform.app.inject({ method: 'POST', url: DECODE, headers, payload: { payloads } });
  expect((await ask({})).statusCode).toBe(401);
  expect((await ask({ authorization: 'Bearer wrong' })).statusCode).toBe(401);
  const refused = await ask({ authorization: `Bearer ${alice.token}` });
  expect(refused.json()).toMatchObject({ code: 'E_NOT_ALLOWED', status: 403 });
  const shown = await ask({ authorization: `Bearer ${oscar.token}` });
  const { payloads: opened } = shown.json<{ payloads: JsonPayload[] }>();
  const words = opened.map(({ data }) => Buffer.from(data, 'base64').toString()).join('\n');
  expect(words).toContain('convincing numbers');
  expect(words).toContain('alice/model');
  expect(shown.headers['cache-control']).toBe('no-store');
});

test('D11: a browser may ask the codec server from the Web UI and from no other page', async () => {
  for (const method of ['OPTIONS', 'POST'] as const) {
    const ask = (origin: string) =>
      platform.app.inject({
        method,
        url: DECODE,
        headers: { origin, authorization: `Bearer ${oscar.token}` },
        ...(method === 'POST' && { payload: { payloads: [] } }),
      });
    const allowed = await ask(UI);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-credentials': 'true',
      vary: 'origin',
    });
    for (const origin of ['http://127.0.0.1:8080', 'https://evil.example', 'null']) {
      expect((await ask(origin)).headers).not.toHaveProperty('access-control-allow-origin');
    }
  }
});

test('metrics tell requests by route, open approvals by age, grants, and what waits in the queue', async () => {
  const metrics = openMetrics(platform.db, client);
  const page = await metrics.page();
  expect(page).toContain('strongroom_approvals_open{age="day"} 1');
  expect(page).toContain('strongroom_approvals_open{age="longer"} 0');
  expect(page).toContain('strongroom_queue_backlog{kind="workflow"} 0');
  expect(page).toMatch(/strongroom_queue_pollers\{kind="activity"\} [1-9]/);
  const scraped = await platform.metrics.page();
  expect(scraped).toMatch(
    /strongroom_http_request_seconds_count\{method="POST",route="\/v1\/associations\/:id\/votes",status="\d+"\} 1/,
  );
  expect(scraped).not.toContain(alice.account.handle);
});

test('D11: damaged and unencrypted payloads are refused with a reason, and not shown', async () => {
  const metadata = { encoding: Buffer.from('json/plain').toString('base64') };
  const answer = await oscar.ask('POST', DECODE, { payloads: [{ metadata, data: 'Zm9yZ2Vk' }] });
  expect(answer.json()).toMatchObject({ code: 'E_INVALID_REQUEST', why: expect.stringContaining('not encrypted') });
});

test('an operator logs in with a browser, and sees what waits, on whom, and where to look', async () => {
  const logIn = async (handle: string) => {
    const email = `${handle}@example.org`;
    const post = (url: string, payload: object) => platform.app.inject({ method: 'POST', url, payload });
    await post('/v1/accounts', { email, handle, password: PASSWORD });
    const [, token] = /token=(\S+)/.exec((await platform.mailsTo(email)).at(-1) ?? '') ?? [];
    await post('/v1/accounts/verify', { token });
    return post('/operations/session', { email, password: PASSWORD });
  };
  const refused = await logIn('mallory');
  expect(refused.json()).toMatchObject({ code: 'E_NOT_ALLOWED' });
  expect(refused.headers).not.toHaveProperty('set-cookie');
  const admitted = await logIn('opal');
  const cookie = String(admitted.headers['set-cookie']);
  expect(admitted.statusCode).toBe(204);
  expect(cookie).toMatch(/^strongroom_operator=[^;]+; Path=\/operations; HttpOnly; SameSite=Strict; Expires=/);

  const waiting = await platform.app.inject({ url: '/operations/waiting', headers: { cookie: cookie.split(';')[0]! } });
  expect(waiting.json()).toMatchObject({
    items: [
      {
        waitingOn: 'committee of digits',
        stage: 'Committee decides',
        page: expect.stringMatching(/^http:\/\/127\.0\.0\.1:8233\/namespaces\/default\/workflows\/review%2F/),
      },
    ],
  });
  // The cookie is for operations alone.
  expect((await platform.app.inject({ url: '/v1/account', headers: { cookie } })).statusCode).toBe(401);
  expect((await platform.app.inject({ url: '/operations/waiting' })).statusCode).toBe(401);
});
