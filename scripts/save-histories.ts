/**
 * `npm run histories`: tells the demo's story and stores the history of every workflow in it, for the replay tests.
 * To be run when a workflow was changed on purpose, so that histories from before cannot be replayed any more.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Client } from '@temporalio/client';
import { Narrator } from '../examples/demo/narrator.ts';
import { tellInference } from '../examples/demo/inference.ts';
import { choosePackages, forgetExampleImages } from '../examples/demo/packages.ts';
import { castOf, everyone, tellStory } from '../examples/demo/story.ts';
import { readPlatformConfiguration } from '../stack/configuration.ts';
import { bringUp } from '../stack/stack.ts';
import { connectTemporalClient } from '../stack/temporal-connection.ts';
import { HOUSEKEEPING } from '../workflows/housekeeping/contract.ts';
import { SIGN_AUDIT_HEAD, SIGN_AUDIT_HEAD_WORKFLOW_ID } from '../workflows/sign-audit-head/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../workflows/task-queues.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const HISTORIES = path.join(ROOT, 'test', 'replay', 'histories');
/** Enough of each type for the different turns that it takes. */
const MOST_OF_A_TYPE = 2;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const folder = await mkdtemp(path.join(tmpdir(), 'strongroom-histories-'));
await chmod(folder, 0o711);
const config = readPlatformConfiguration({
  STRONGROOM_DATA: path.join(folder, 'platform'),
  STRONGROOM_SIGN_UPS_PER_MINUTE: '100',
});
const stack = await bringUp(config, console.log);
const { addresses } = stack;
const stage = { folder, addresses, interrupted: new AbortController().signal };
const cast = castOf(stage);
try {
  const packages = await choosePackages((missing) => {
    throw missing;
  });
  const narrator = new Narrator();
  await tellStory(stage, cast, packages, narrator);
  await tellInference(stage, cast, narrator);
  // No part of the demo, which is long enough.
  await cast.owner.run(['container', 'rotate-key', 'digits-model']);
  await tellOutside(cast);
  const temporal = await connectTemporalClient(config, addresses.temporal);
  await runHousekeeping(temporal.client);
  await signAuditHead(temporal.client);
  await saveHistories(temporal.client);
  await temporal.close();
} finally {
  for (const party of everyone(cast)) await party.stopAgent();
  await stack.stop();
  await forgetExampleImages().catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
}

/** A mail of an invitation, and a webhook that leads nowhere: its second attempt follows after five seconds. */
async function tellOutside({ committee: [ann, ben] }: ReturnType<typeof castOf>): Promise<void> {
  await ben.run(['webhook', 'create', '--url', 'https://127.0.0.1:9/']);
  await ann.run(['benchmark', 'invite', 'digits', 'alice/another-model', '--reason', 'to compare it with ours']);
  await ann.run(['member', 'add', 'digits', 'dora']);
  await pause(10_000);
}

/** It runs every few minutes, which may not have come. */
async function runHousekeeping({ workflow }: Client): Promise<void> {
  await workflow.execute(HOUSEKEEPING, { workflowId: HOUSEKEEPING, taskQueue: PLATFORM_TASK_QUEUE });
}

async function signAuditHead({ workflow }: Client): Promise<void> {
  await workflow.execute(SIGN_AUDIT_HEAD, {
    workflowId: SIGN_AUDIT_HEAD_WORKFLOW_ID,
    taskQueue: PLATFORM_TASK_QUEUE,
  });
}

async function saveHistories({ workflow }: Client): Promise<void> {
  await rm(HISTORIES, { recursive: true, force: true });
  const saved = new Map<string, number>();
  for await (const { type, workflowId, runId } of workflow.list()) {
    const number = (saved.get(type) ?? 0) + 1;
    if (number > MOST_OF_A_TYPE) continue;
    saved.set(type, number);
    const history = JSON.parse(historyToJSON(await workflow.getHandle(workflowId, runId).fetchHistory())) as Json;
    await mkdir(path.join(HISTORIES, type), { recursive: true });
    const file = path.join(HISTORIES, type, `${number}.json`);
    await writeFile(file, `${JSON.stringify({ workflowId, history: withoutPlaces(history) })}\n`);
    console.log(`  ${path.relative(ROOT, file)}  ${workflowId}`);
  }
}

/** Replaces what only this machine has: folders, also inside payloads, and the names of its processes. */
function withoutPlaces(value: Json, key = ''): Json {
  if (typeof value === 'string') {
    if (key === 'identity') return 'worker';
    return key === 'data' ? inPayload(value) : anonymous(value);
  }
  if (Array.isArray(value)) return value.map((entry) => withoutPlaces(entry));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, withoutPlaces(entry, name)]));
}

function inPayload(base64: string): string {
  return Buffer.from(anonymous(Buffer.from(base64, 'base64').toString('utf8'))).toString('base64');
}

function anonymous(text: string): string {
  return text.replaceAll(folder, '/story').replaceAll(ROOT, '/strongroom').replaceAll(hostname(), 'machine');
}
