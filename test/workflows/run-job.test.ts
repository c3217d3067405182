/** A job's story on a real Temporal: batches at once, pauses, ends, and new histories before the old one grows long. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { JobActivities } from '../../activities/jobs.ts';
import { parseHandle, parseJobId } from '../../domain/ids.ts';
import { storyQuery } from '../../workflows/story/contract.ts';
import {
  cancelUpdate,
  jobProgressQuery,
  pauseUpdate,
  resumeUpdate,
  runJobWorkflowId,
  type RunJobInput,
} from '../../workflows/run-job/contract.ts';
import type { runJob } from '../../workflows/run-job/workflow.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { startTemporal } from '../api/support/temporal.ts';
import { until } from '../support/patience.ts';

let environment: TestWorkflowEnvironment;
let bundle: { readonly codePath: string };
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  environment = await startTemporal();
  bundle = await workflowBundle('enclave');
});
afterAll(() => environment.teardown());

/** What the worker of the enclave did, and whether it may go on. */
class Enclave {
  readonly begun: number[] = [];
  readonly states: string[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  /** Batches from this one on wait until they are stopped. */
  held = Infinity;
  refused = Infinity;

  readonly activities: JobActivities = {
    runBatch: async (_job, position) => {
      this.begun.push(position);
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
      try {
        if (position >= this.refused) {
          throw ApplicationFailure.create({
            type: 'E_NOT_FOUND',
            nonRetryable: true,
            details: [{ code: 'E_NOT_FOUND', message: 'There is no such function.' }],
          });
        }
        await pause(20);
        while (position >= this.held) {
          Context.current().heartbeat();
          await Context.current().sleep(50);
        }
        return { answered: 9, failed: 1 };
      } finally {
        this.atOnce -= 1;
      }
    },
    recordJobState: async (_job, state) => void this.states.push(state),
  };
}

type Handle = WorkflowHandle<typeof runJob>;

async function job(
  given: Partial<RunJobInput>,
  story: (handle: Handle, enclave: Enclave) => Promise<void>,
  enclave = new Enclave(),
): Promise<void> {
  const taskQueue = `enclave-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    activities: enclave.activities,
    maxHeartbeatThrottleInterval: '50ms',
    defaultHeartbeatThrottleInterval: '50ms',
  });
  const id = parseJobId(randomUUID());
  const usual = { owner: parseHandle('alice'), items: 60, batches: 6, fanOut: 2, continueAfter: null, carried: null };
  await worker.runUntil(async () => {
    const handle = await environment.client.workflow.start<typeof runJob>('runJob', {
      taskQueue,
      workflowId: runJobWorkflowId(id),
      args: [{ id, ...usual, ...given }],
    });
    await story(handle, enclave);
  });
}

const refusal = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'accepted',
    (error: unknown) => {
      const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
      return cause instanceof ApplicationFailure ? (cause.type ?? '') : String(error);
    },
  );

const held = () => Object.assign(new Enclave(), { held: 2 });

describe('a job', () => {
  test('has every batch answered, so many at once and no more, and counts what came', async () => {
    await job({}, async (handle, enclave) => {
      expect(await handle.result()).toMatchObject({ state: 'done', answered: 54, failed: 6, batchesDone: 6 });
      expect([...enclave.begun].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      expect(enclave.mostAtOnce).toBe(2);
      expect(enclave.states).toEqual(['done']);
    });
  });

  test('goes on in a new history before the old one grows long, and loses no batch and no count', async () => {
    await job({ batches: 40, items: 400, continueAfter: 30 }, async (handle, enclave) => {
      expect(await handle.result()).toMatchObject({ state: 'done', answered: 360, failed: 40 });
      expect([...enclave.begun].sort((one, other) => one - other)).toEqual(Array.from({ length: 40 }, (_, at) => at));
      const { historyLength, runId, raw } = await handle.describe();
      expect(historyLength).toBeLessThan(60);
      expect(runId).not.toBe(raw.workflowExecutionInfo?.firstRunId);
    });
  });

  test('paused finishes nothing more, says on whom it waits, and resumed begins what it had stopped again', async () => {
    await job(
      {},
      async (handle, enclave) => {
        await until('four batches have begun', () => enclave.begun.length === 4);
        expect(await handle.executeUpdate(pauseUpdate)).toMatchObject({ state: 'paused', batchesDone: 2 });
        expect([enclave.atOnce, enclave.states]).toEqual([0, ['paused']]);
        expect(await refusal(handle.executeUpdate(pauseUpdate))).toBe('E_CONFLICT');
        expect(await handle.query(storyQuery)).toMatchObject({ stage: 'paused', waitingOn: 'alice' });
        enclave.held = Infinity;
        expect(await handle.executeUpdate(resumeUpdate)).toMatchObject({ state: 'running' });
        expect(await refusal(handle.executeUpdate(resumeUpdate))).not.toBe('accepted');
        expect(await handle.result()).toMatchObject({ state: 'done', answered: 54, failed: 6 });
        expect([...enclave.begun].sort()).toEqual([0, 1, 2, 2, 3, 3, 4, 5]);
        expect(enclave.states).toEqual(['paused', 'running', 'done']);
      },
      held(),
    );
  });

  test('cancelled ends with what it has, also where it was paused, and whoever operates Temporal may cancel it too', async () => {
    await job(
      {},
      async (handle, enclave) => {
        await until('four batches have begun', () => enclave.begun.length === 4);
        await handle.executeUpdate(pauseUpdate);
        expect(await handle.executeUpdate(cancelUpdate)).toMatchObject({ state: 'cancelled', answered: 18 });
        expect(await handle.result()).toMatchObject({ state: 'cancelled' });
      },
      held(),
    );
    await job(
      {},
      async (handle, enclave) => {
        await until('four batches have begun', () => enclave.begun.length === 4);
        await handle.cancel();
        expect(await handle.result()).toMatchObject({ state: 'cancelled' });
        expect(enclave.states).toEqual(['cancelled']);
      },
      held(),
    );
  });

  test('whose function is gone fails with the reason, and what is at work is stopped', async () => {
    const enclave = Object.assign(new Enclave(), { held: 3, refused: 4 });
    await job(
      { fanOut: 3 },
      async (handle) => {
        const result = await handle.result();
        expect(result).toMatchObject({ state: 'failed', failure: { code: 'E_NOT_FOUND' } });
        expect([enclave.atOnce, enclave.states]).toEqual([0, ['failed']]);
        expect(await handle.query(jobProgressQuery)).toMatchObject({ state: 'failed' });
      },
      enclave,
    );
  });
});
