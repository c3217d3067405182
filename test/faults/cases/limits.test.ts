/** Limits are reached: of a model's memory (A13), and of what may be handed to a workflow (A16). */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { Harness } from '../support/harness.ts';
import { containerName } from '../support/study.ts';

const SUPPORT = path.join(import.meta.dirname, '..', 'support');
/** The longest config that is allowed, in bytes. */
const LONGEST_CONFIG = 64 * 1024;
/** Temporal warns of a payload from 256 KiB, of a history from 10 MiB or 10,240 events. */
const MOST_BYTES = 256 * 1024;
const MOST_EVENTS = 1_000;

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.open();
}, 300_000);
afterAll(() => harness.close(), 60_000);

/** The config of the small model, made as long as it may be. */
async function longConfig(): Promise<string> {
  const folder = path.join(harness.cast.folder, 'long-config');
  await mkdir(folder);
  await cp(path.join(SUPPORT, 'model'), folder, { recursive: true });
  const file = path.join(folder, 'container_config.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, `${text}#${'-'.repeat(LONGEST_CONFIG - text.length - 2)}\n`);
  return file;
}

test('a model that takes too much memory is refused by name, and the agent goes on', async () => {
  const { study } = harness;
  const before = await harness.pidOf('agent');
  const greedy = containerName('greedy');
  await study.submit(greedy, path.join(SUPPORT, 'greedy-model', 'container_config.yaml'));
  const refusal: unknown = await study.request(greedy).catch((error: unknown) => error);
  expect(inspect(refusal, { depth: 10 })).toContain('E_FUNCTION_MEMORY');
  await study.whole(containerName('modest'));
  expect(await harness.pidOf('agent')).toBe(before);
}, 180_000);

test('with the longest config that is allowed no history comes near what Temporal bears', async () => {
  const { study, cast } = harness;
  await study.whole(containerName('long'), await longConfig());
  for await (const { workflowId, runId } of cast.temporal.client.workflow.list()) {
    const handle = cast.temporal.client.workflow.getHandle(workflowId, runId);
    const { historyLength, historySize } = await handle.describe();
    const story = { workflowId, large: (historySize ?? 0) > 4 * MOST_BYTES, long: historyLength > MOST_EVENTS };
    expect(story).toEqual({ workflowId, large: false, long: false });
    for (const event of (await handle.fetchHistory()).events ?? [])
      expect(JSON.stringify(event).length).toBeLessThan(MOST_BYTES);
  }
}, 180_000);

test('nothing was lost, doubled or left behind', async () => {
  expect(await harness.verdict()).toEqual([]);
}, 180_000);
