/** Live progress of a review: for who may see it, at once, with every change, and to its end. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { openTemporal } from '../../api/temporal.ts';
import { streamWorkflow, type WorkflowProgress } from '../../client/event-stream.ts';
import { createPlatformClient } from '../../client/platform.ts';
import type { AssociationId } from '../../domain/ids.ts';
import { createBenchmark, newContainer, TEST_DATASET } from './support/benchmark.ts';
import { person, type Person } from './support/people.ts';
import { startPlatform, type TestPlatform } from './support/platform.ts';
import { startTemporal } from './support/temporal.ts';
import { startWorker, type TestWorker } from './support/worker.ts';
import { until } from '../support/patience.ts';

let temporal: TestWorkflowEnvironment;
let client: Client;
let platform: TestPlatform;
let worker: TestWorker;
let baseUrl: string;
let [ann, ben, alice, bob]: Person[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
  client = openTemporal({ address: temporal.address, namespace: 'default' });
  platform = await startPlatform({ temporal: client });
  worker = await startWorker(temporal.nativeConnection, platform);
  baseUrl = await platform.app.listen({ port: 0, host: '127.0.0.1' });
  [ann, ben, alice, bob] = await Promise.all(['ann', 'ben', 'alice', 'bob'].map((name) => person(platform, name)));
  await createBenchmark(platform, 'digits', [ann!, ben!]);
});
afterAll(async () => {
  await worker.stop();
  // fetch, once broken off, connects ahead for its next request, and a connection that asked nothing is waited for.
  platform.app.server.closeAllConnections();
  await platform.stop();
  await client.connection.close();
  await temporal.teardown();
});

async function requested(name: string): Promise<AssociationId> {
  await alice!.ask('POST', '/v1/containers', newContainer(name));
  const evidence = { testResult: { accuracy: 0.98 }, testDatasetSha256: TEST_DATASET.sha256 };
  return (
    await alice!.ask('POST', '/v1/associations', { kind: 'container', name, benchmark: 'digits', ...evidence })
  ).json().id;
}
const approve = (member: Person, id: AssociationId) =>
  member.ask('POST', `/v1/associations/${id}/votes`, { ballot: 'approve', reason: 'Good.' });
const follow = (who: Person, id: string, after: string | null = null, signal = AbortSignal.timeout(240_000)) =>
  streamWorkflow(createPlatformClient({ baseUrl, token: who.token }), { kind: 'review', id }, { after, signal });

test('a review is followed by its owner and a member to its end, and each hears the same', async () => {
  const id = await requested('followed');
  const listeners = [alice!, ann!].map((who) => {
    const heard: WorkflowProgress[] = [];
    const toItsEnd = async () => {
      for await (const progress of follow(who, id)) heard.push(progress);
    };
    return { heard, ended: toItsEnd() };
  });
  await until('both hear that the committee must act', () =>
    listeners.every(({ heard }) => heard.some(({ waitingOn }) => waitingOn === 'committee of digits')),
  );
  await approve(ann!, id);
  await approve(ben!, id);
  for (const { heard, ended } of listeners) {
    await ended;
    expect(heard[0]).toMatchObject({ workflow: `review/${id}`, state: 'running' });
    expect(heard.at(-1)).toMatchObject({ workflow: `review/${id}`, state: 'completed' });
    expect(new Set(heard.map((progress) => progress.id)).size).toBe(heard.length);
  }
});

test('who comes back hears only of what changed since, and of an ended review its end', async () => {
  const id = await requested('resumed');
  let first!: WorkflowProgress;
  for await (first of follow(alice!, id)) if (first.waitingOn !== null) break;
  const again = new AbortController();
  const silent = follow(alice!, id, first.id, again.signal).next();
  await expect(Promise.race([silent, new Promise((resolve) => setTimeout(resolve, 2_500, 'nothing'))])).resolves.toBe(
    'nothing',
  );
  again.abort(new Error('Enough.'));
  await expect(silent).rejects.toThrow('Enough.');
  await approve(ann!, id);
  await approve(ben!, id);
  const rest: WorkflowProgress[] = [];
  for await (const progress of follow(alice!, id, first.id)) rest.push(progress);
  expect(rest.at(-1)?.state).toBe('completed');
  expect(rest.map((progress) => progress.id)).not.toContain(first.id);
});

test('it is not there for others, nor a review that never was, nor what is no id', async () => {
  const id = await requested('hidden');
  const nothing = '00000000-0000-4000-8000-000000000000';
  for (const [who, kind, what] of [
    [bob!, 'review', id],
    [alice!, 'review', nothing],
    [alice!, 'review', 'x'],
    [alice!, 'function', id],
  ] as const) {
    const answer = await who.ask('GET', `/v1/workflows/${kind}/${what}/events`);
    expect(answer.json()).toMatchObject({ status: 404, code: 'E_NOT_FOUND' });
  }
  expect((await alice!.ask('GET', `/v1/workflows/access/${id}/events`)).statusCode).toBe(400);
  await approve(ann!, id);
  await approve(ben!, id);
});
