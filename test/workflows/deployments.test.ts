/** A deployment while work is under way: two versions of the platform's worker on one real Temporal. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { parseAssociationId, parseBenchmarkName, parseHandle } from '../../domain/ids.ts';
import { workerTuning } from '../../workers/tuning.ts';
import { PLATFORM_DEPLOYMENT, workerVersion } from '../../workers/worker-version.ts';
import { CERTIFY_CERTIFICATE } from '../../workflows/certify-certificate/contract.ts';
import {
  REVIEW_ASSOCIATION,
  reviewAssociationWorkflowId,
  voteUpdate,
} from '../../workflows/review-association/contract.ts';
import { PLATFORM_TASK_QUEUE } from '../../workflows/task-queues.ts';
import { startTemporal } from '../api/support/temporal.ts';
import { found, until } from '../support/patience.ts';
import { committeeOf } from './committee.ts';

const logger = new DefaultLogger('ERROR');
const NOW = new URL('../../workflows/platform.ts', import.meta.url).pathname;
const NEXT = new URL('versions/next.ts', import.meta.url).pathname;
const [ann, ben] = ['ann', 'ben'].map(parseHandle) as [never, never];

let temporal: TestWorkflowEnvironment;
const done: string[] = [];
const committee = committeeOf(['ann', 'ben'], 2, () => new Date(Date.now() + 86_400_000).toISOString());
/** The certification waits for this word. */
let goOn: () => void = () => undefined;
const told = new Promise<void>((resolve) => (goOn = resolve));

beforeAll(async () => {
  Runtime.install({ logger });
  temporal = await startTemporal();
});
afterAll(() => temporal.teardown());

async function startVersion(buildId: string, workflowsPath: string) {
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    taskQueue: PLATFORM_TASK_QUEUE,
    workflowBundle: await bundleWorkflowCode({ workflowsPath, logger }),
    ...workerVersion(buildId),
    activities: {
      ...committee.activities,
      recordVote: async (vote: Parameters<typeof committee.activities.recordVote>[0]) => {
        done.push(`vote by ${buildId}`);
        return committee.activities.recordVote(vote);
      },
      announce: async (what: string) => void done.push(`${what} announced by ${buildId}`),
      certifyCertificate: async () => {
        done.push(`certification begun by ${buildId}`);
        await told;
        return { certificate: '', fingerprint: '', expiresAt: '' };
      },
    },
  });
  const running = worker.run();
  await makeCurrent(buildId);
  return async () => {
    worker.shutdown();
    await running;
  };
}

/** What an operator does by `temporal worker deployment set-current-version`, once the new worker is there. */
async function makeCurrent(buildId: string): Promise<void> {
  const wanted = { namespace: 'default', deploymentName: PLATFORM_DEPLOYMENT, buildId, identity: 'operator' };
  await found('the new version', () => temporal.client.workflowService.setWorkerDeploymentCurrentVersion(wanted));
}

const startReview = ({ workflow }: Client) => {
  const association = parseAssociationId(randomUUID());
  return workflow.start(REVIEW_ASSOCIATION, {
    workflowId: reviewAssociationWorkflowId(association),
    taskQueue: PLATFORM_TASK_QUEUE,
    args: [
      {
        association,
        benchmark: parseBenchmarkName('digits'),
        subject: 'alice/digits-model',
        rule: { members: [ann, ben], quorum: 2 },
        deadline: new Date(Date.now() + 86_400_000).toISOString(),
        reminderHours: 24,
      },
    ],
  });
};

test('a worker that is told to stop finishes what it is at, and its work goes on at the next one', async () => {
  const attempts: number[] = [];
  const begun = Promise.withResolvers<unknown>();
  const certify = async () => {
    attempts.push(Context.current().info.attempt);
    begun.resolve(null);
    await pause(2_000);
    return { certificate: '', fingerprint: 'done', expiresAt: '' };
  };
  const place = { connection: temporal.nativeConnection, namespace: 'default', dataConverter: {}, tracing: null };
  const start = async () => {
    const worker = await Worker.create({
      ...workerTuning(place),
      taskQueue: 'stopped',
      workflowBundle: await bundleWorkflowCode({ workflowsPath: NOW, logger }),
      activities: { certifyCertificate: certify },
    });
    return { worker, running: worker.run() };
  };
  const first = await start();
  const work = await temporal.client.workflow.start(CERTIFY_CERTIFICATE, {
    workflowId: 'certificate/stopped',
    taskQueue: 'stopped',
    args: [{}],
  });
  await begun.promise;
  first.worker.shutdown();
  await first.running;
  const second = await start();
  expect(await work.result()).toMatchObject({ fingerprint: 'done' });
  expect(attempts).toEqual([1]);
  second.worker.shutdown();
  await second.running;
});

test('A14: an approval that began before a deployment ends correctly after it; a short story ends where it began', async () => {
  const { client } = temporal;
  const approve = (member: never) => [{ member, ballot: 'approve' as const, reason: '' }] as const;
  const stopFirst = await startVersion('1', NOW);
  const review = await startReview(client);
  await review.executeUpdate(voteUpdate, { args: [...approve(ann)] });
  const certification = await client.workflow.start(CERTIFY_CERTIFICATE, {
    workflowId: 'certificate/short',
    taskQueue: PLATFORM_TASK_QUEUE,
    args: [{}],
  });
  await until('the certification has begun', () => done.includes('certification begun by 1'));

  const stopSecond = await startVersion('2', NEXT);
  const decided = await review.executeUpdate(voteUpdate, { args: [...approve(ben)] });
  expect(decided).toMatchObject({ state: 'approved', approvals: 2 });
  expect(await review.result()).toMatchObject({ state: 'approved' });
  goOn();
  await certification.result();
  await stopFirst();

  committee.change({ state: 'requested', votes: [], reason: null });
  const fresh = await startReview(client);
  await until('the request is announced', () => done.includes('request announced by 2'));
  await fresh.terminate();
  await stopSecond();
  expect(done).toEqual([
    'vote by 1',
    'certification begun by 1',
    'vote by 2',
    // The step at the beginning is not for a review that had begun; the one at the end is.
    'decision announced by 2',
    'request announced by 2',
  ]);
});
