/** Workflows that began before a change end after it: their stored histories lead to the same steps. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { workflowBundle, type WorkflowParty } from '../../workers/workflow-bundle.ts';
import * as dataOwner from '../../workflows/data-owner.ts';
import * as enclave from '../../workflows/enclave.ts';
import * as owner from '../../workflows/owner.ts';
import * as platform from '../../workflows/platform.ts';

const HISTORIES = path.join(import.meta.dirname, 'histories');

const stories: readonly (readonly [WorkflowParty, string])[] = [
  ...Object.keys(owner).map((type) => ['owner', type] as const),
  ...Object.keys(dataOwner).map((type) => ['data-owner', type] as const),
  ...Object.keys(platform).map((type) => ['platform', type] as const),
  ...Object.keys(enclave).map((type) => ['enclave', type] as const),
];

interface StoredHistory {
  readonly workflowId: string;
  readonly history: { readonly events: readonly unknown[] };
}

const historiesOf = (type: string): StoredHistory[] =>
  globSync('*.json', { cwd: path.join(HISTORIES, type) }).map(
    (file) => JSON.parse(readFileSync(path.join(HISTORIES, type, file), 'utf8')) as StoredHistory,
  );

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

describe.each(stories)("the %s's story %s", (party, type) => {
  test('is replayed as it went', async () => {
    const stored = historiesOf(type);
    expect(stored.length).toBeGreaterThan(0);
    const workflowBundled = await workflowBundle(party);
    for (const { workflowId, history } of stored) {
      expect(history.events.length).toBeGreaterThan(2);
      await Worker.runReplayHistory({ workflowBundle: workflowBundled }, history, workflowId);
    }
  });
});

test('a history that leads elsewhere is noticed', async () => {
  const [stored] = historiesOf('registerContainer');
  if (!stored) throw new Error('There is no history of registerContainer.');
  const text = JSON.stringify(stored.history).replace(/("activityType":\{"name":")\w+/, '$1anotherOne');
  await expect(
    Worker.runReplayHistory({ workflowBundle: await workflowBundle('owner') }, JSON.parse(text), stored.workflowId),
  ).rejects.toThrow('anotherOne');
});

test('tracing adds no step: histories from before it lead to the same steps', async () => {
  const [stored] = historiesOf('reviewAssociation');
  if (!stored) throw new Error('There is no history of reviewAssociation.');
  const workflowBundled = await workflowBundle('platform', true);
  const sinks = { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };
  await Worker.runReplayHistory({ workflowBundle: workflowBundled, sinks }, stored.history, stored.workflowId);
});
