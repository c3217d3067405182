/** What callers hear while the database or Temporal is away, and that it passes by itself. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeAccessToken } from '../../storage/access-token-format.ts';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { listReviewsWithoutWorkflow } from '../../storage/reviews.ts';
import { createBenchmark, newContainer, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import type { Reply } from './support/reply.ts';
import { startTemporal } from './support/temporal.ts';
import { startWorker } from './support/worker.ts';
import { until } from '../support/patience.ts';

let temporal: TestWorkflowEnvironment;
let healthy: TestPlatform;
let alone: TestPlatform;
let alice: Person;

beforeAll(async () => {
  temporal = await startTemporal();
  healthy = await startPlatform({ temporal: temporal.client });
  alone = await startPlatform();
  alice = await person(healthy, 'alice');
});
afterAll(async () => {
  await healthy.stop();
  await alone.stop();
  await temporal.teardown();
});

const ready = async ({ app }: TestPlatform) => {
  const answer = await app.inject('/readyz');
  const body: object = answer.json();
  return { ...body, status: answer.statusCode, retryAfter: answer.headers['retry-after'] };
};

test('the API is ready when Postgres and Temporal answer and work gets done, and says which does not', async () => {
  expect(await ready(healthy)).toMatchObject({ status: 503, why: 'No answer from a worker.' });
  const worker = await startWorker(temporal.nativeConnection, healthy);
  await until('the API is ready', async () => (await ready(healthy)).status === 200);
  await worker.stop();
  expect(await ready(alone)).toMatchObject({ status: 503, retryAfter: '5', why: 'No answer from Temporal.' });
  expect((await alone.app.inject('/livez')).statusCode).toBe(200);
});

test('without Temporal what is recorded is still read, a request is refused for now, and its repeat is the same request', async () => {
  const committee = await Promise.all(['ann', 'ben'].map((name) => person(alone, name)));
  const owner = await person(alone, 'owner');
  await createBenchmark(alone, 'digits', committee);
  await owner.ask('POST', '/v1/containers', newContainer('model'));
  const request = () =>
    owner.ask('POST', '/v1/associations', {
      kind: 'container',
      name: 'model',
      benchmark: 'digits',
      testResult: { accuracy: 1 },
      testDatasetSha256: TEST_DATASET.sha256,
    });
  for (const _attempt of [1, 2]) {
    const refused = await request();
    expect(refused.json()).toMatchObject({ code: 'E_UNAVAILABLE', status: 503, retryable: true });
    expect(refused.headers['retry-after']).toBe('5');
  }
  const { items } = (await owner.ask('GET', '/v1/associations')).json();
  expect(items).toHaveLength(1);
  const vote = await committee[0]!.ask('POST', `/v1/associations/${items[0]!.id}/votes`, {
    ballot: 'approve',
    reason: '',
  });
  expect(vote.json()).toMatchObject({ code: 'E_UNAVAILABLE', status: 503 });
  expect(await listReviewsWithoutWorkflow(alone.db)).toEqual([]);
  await alone.db
    .updateTable('associations')
    .set({ requestedAt: new Date(Date.now() - 60_000) })
    .execute();
  expect(await listReviewsWithoutWorkflow(alone.db)).toMatchObject([
    {
      association: items[0]!.id,
      subject: 'owner/model',
      benchmark: 'digits',
      rule: { members: ['ann', 'ben'], quorum: 2 },
    },
  ]);
});

test('a vote that no worker takes up is refused for now', async () => {
  const committee = await Promise.all(['cleo', 'dan'].map((name) => person(healthy, name)));
  await createBenchmark(healthy, 'digits', committee);
  await alice.ask('POST', '/v1/containers', newContainer('model'));
  const { id } = (
    await alice.ask('POST', '/v1/associations', {
      kind: 'container',
      name: 'model',
      benchmark: 'digits',
      testResult: { accuracy: 1 },
      testDatasetSha256: TEST_DATASET.sha256,
    })
  ).json();
  const vote = await committee[0]!.ask('POST', `/v1/associations/${id}/votes`, { ballot: 'approve', reason: '' });
  expect(vote.json()).toMatchObject({ code: 'E_UNAVAILABLE', status: 503 });
});

test('without Postgres every answer is 503 and none is 401 or 500; once it is back, so is the API', async () => {
  await healthy.postgres.pause();
  const answers: Reply[] = [
    await alice.ask('GET', '/v1/account'),
    await alice.ask('GET', '/v1/associations'),
    await healthy.app.inject({
      url: '/v1/account',
      headers: { authorization: `Bearer ${makeAccessToken()}` },
    }),
    await healthy.app.inject({
      method: 'POST',
      url: '/v1/sessions',
      payload: { email: 'alice@example.org', password: 'correct horse battery' },
    }),
    await healthy.app.inject({
      method: 'POST',
      url: '/v1/accounts',
      payload: { email: 'new@example.org', handle: 'new', password: 'correct horse battery' },
    }),
    await healthy.app.inject('/readyz'),
  ];
  for (const answer of answers) expect(answer.json()).toMatchObject({ code: 'E_UNAVAILABLE', status: 503 });
  await healthy.postgres.start();
  expect((await alice.ask('GET', '/v1/account')).statusCode).toBe(200);
  // That work gets done was seen by the first test, and is believed for half a minute only.
  const worker = await startWorker(temporal.nativeConnection, healthy);
  await until('the API is ready', async () => (await ready(healthy)).status === 200);
  await worker.stop();
});
