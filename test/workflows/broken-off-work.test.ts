import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DELIVER_WEBHOOK } from '../../workflows/deliver-webhook/contract.ts';
import { beginAgain } from '../../workers/broken-off-work.ts';
import { takeIdentity } from '../../workers/worker-identity.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startTemporal } from '../api/support/temporal.ts';

describe('the identity of a process', () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'identity-'));
    file = path.join(folder, 'worker.json');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const before = (pid: number, host = hostname()) => writeFile(file, JSON.stringify({ identity: 'before', host, pid }));
  const NOBODY = 2 ** 30;

  test('is another one each time', async () => {
    const { identity, forget } = await takeIdentity(file);
    await forget();
    expect((await takeIdentity(file)).identity).not.toBe(identity);
  });

  test('tells of the one before where that was killed', async () => {
    await before(NOBODY);
    expect(await takeIdentity(file)).toMatchObject({ killed: 'before' });
    await before(process.pid);
    expect(await takeIdentity(file)).toMatchObject({ killed: 'before' });
  });

  test('does not where it ended in good order, lives, or is on another host', async () => {
    await (await takeIdentity(file)).forget();
    expect(await takeIdentity(file)).toMatchObject({ killed: null });
    await before(process.ppid);
    expect(await takeIdentity(file)).toMatchObject({ killed: null });
    await before(NOBODY, 'elsewhere');
    expect(await takeIdentity(file)).toMatchObject({ killed: null });
  });
});

describe('what a killed process was at', () => {
  let temporal: TestWorkflowEnvironment;
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined) });
    temporal = await startTemporal();
  });
  afterAll(() => temporal.teardown());

  test('is begun again at the word of the next one, and nothing else is', async () => {
    const [taskQueue, workflowId] = [`platform-${randomUUID()}`, randomUUID()];
    const begun: number[] = [];
    const worker = await Worker.create({
      connection: temporal.nativeConnection,
      taskQueue,
      identity: 'killed',
      workflowBundle: await workflowBundle('platform'),
      activities: {
        async attemptWebhook() {
          const { attempt } = Context.current().info;
          begun.push(attempt);
          if (attempt === 1) await Context.current().cancelled;
          return 'delivered';
        },
      },
    });
    const running = worker.run();
    const { client } = temporal;
    const input = { webhook: randomUUID(), event: 7 };
    const story = await client.workflow.start(DELIVER_WEBHOOK, { taskQueue, workflowId, args: [input] });
    while (begun.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await beginAgain(client, ['elsewhere'], 'killed');
    await beginAgain(client, [taskQueue], 'another');
    const { raw } = await story.describe();
    expect(raw.pendingActivities).toMatchObject([{ attempt: 1, lastWorkerIdentity: 'killed' }]);
    await beginAgain(client, [taskQueue], 'killed');
    expect(await story.result()).toBe('delivered');
    expect(begun).toEqual([1, 2]);
    worker.shutdown();
    await running;
  });
});
