import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundleWithSourceMap, bundleWorkflowCode } from '@temporalio/worker';
import { parseAssociationId, parseBenchmarkName, parseHandle, type AssociationId } from '../../domain/ids.ts';
import {
  reviewAssociationWorkflowId,
  reviewStatusQuery,
  voteUpdate,
  type ReviewAssociationInput,
  type ReviewStatus,
} from '../../workflows/review-association/contract.ts';
import { reviewAssociation } from '../../workflows/review-association/workflow.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';

const [ann, ben, cleo] = ['ann', 'ben', 'cleo'].map(parseHandle) as [never, never, never];
const DAY = 86_400_000;

let environment: TestWorkflowEnvironment;
let bundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
  bundle = await bundleWorkflowCode({
    workflowsPath: new URL('../../workflows/platform.ts', import.meta.url).pathname,
  });
});

afterAll(() => environment.teardown());

/** What the platform's database would hold: the record of what the workflow asked for. */
function ledger() {
  const votes: string[] = [];
  const conclusions: { state: string; reason: string }[] = [];
  const reminders: string[][] = [];
  return {
    votes,
    conclusions,
    reminders,
    activities: {
      recordVote: async (vote: { member: string; ballot: string }) => void votes.push(`${vote.member} ${vote.ballot}`),
      concludeReview: async (conclusion: { state: string; reason: string }) => void conclusions.push(conclusion),
      remindMembers: async (reminder: { members: string[] }) => void reminders.push(reminder.members),
    },
  };
}

async function review(
  story: (handle: WorkflowHandle<typeof reviewAssociation>, entries: ReturnType<typeof ledger>) => Promise<void>,
  changes: Partial<ReviewAssociationInput> = {},
): Promise<void> {
  const entries = ledger();
  const taskQueue = `platform-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    activities: entries.activities,
  });
  const association: AssociationId = parseAssociationId(randomUUID());
  const now = await environment.currentTimeMs();
  await worker.runUntil(async () => {
    const handle = await environment.client.workflow.start(reviewAssociation, {
      taskQueue,
      workflowId: reviewAssociationWorkflowId(association),
      args: [
        {
          association,
          benchmark: parseBenchmarkName('digits'),
          subject: 'alice/digits-model',
          rule: { members: [ann, ben, cleo], quorum: 2 },
          deadline: new Date(now + 30 * DAY).toISOString(),
          reminderHours: 24 * 7,
          ...changes,
        },
      ],
    });
    await story(handle, entries);
  });
}

const refusalCode = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof WorkflowUpdateFailedError ? (error.cause as { type?: string }).type : error),
  );

describe('a committee reviews an association', () => {
  test('two approvals of three approve it, and the third member is not needed', async () => {
    await review(async (handle, entries) => {
      const first = await handle.executeUpdate(voteUpdate, { args: [{ member: ann, ballot: 'approve', reason: '' }] });
      expect(first).toMatchObject({ state: 'requested', approvals: 1, waitingFor: ['ben', 'cleo'] });
      const second = await handle.executeUpdate(voteUpdate, {
        args: [{ member: cleo, ballot: 'approve', reason: '' }],
      });
      expect(second).toMatchObject({ state: 'approved', approvals: 2 });
      expect(await handle.result()).toMatchObject({ state: 'approved' });
      expect(entries.conclusions).toEqual([
        expect.objectContaining({ state: 'approved', reason: '2 of 3 approve, 2 needed' }),
      ]);
    });
  });

  test('two rejections make the quorum impossible and reject it', async () => {
    await review(async (handle, entries) => {
      for (const member of [ann, ben]) {
        await handle.executeUpdate(voteUpdate, { args: [{ member, ballot: 'reject', reason: 'too few cases' }] });
      }
      expect((await handle.result()).state).toBe('rejected');
      expect(entries.votes).toEqual(['ann reject', 'ben reject']);
    });
  });

  test('thirty days without a decision expire it, with a reminder a week to those who have not voted', async () => {
    await review(async (handle, entries) => {
      await handle.executeUpdate(voteUpdate, { args: [{ member: ann, ballot: 'approve', reason: '' }] });
      expect((await handle.result()).state).toBe('expired');
      expect(entries.reminders).toEqual(Array.from({ length: 4 }, () => ['ben', 'cleo']));
    });
  });

  test('a decision on the twenty-ninth day still counts', async () => {
    await review(async (handle) => {
      await environment.sleep(29 * DAY);
      await handle.executeUpdate(voteUpdate, { args: [{ member: ann, ballot: 'approve', reason: '' }] });
      const last = await handle.executeUpdate(voteUpdate, { args: [{ member: ben, ballot: 'approve', reason: '' }] });
      expect(last.state).toBe('approved');
    });
  });

  test('a stranger, a second vote and a rejection without a reason are refused, each with its own code', async () => {
    await review(async (handle, entries) => {
      const vote = (member: string, ballot: 'approve' | 'reject', reason = '') =>
        refusalCode(handle.executeUpdate(voteUpdate, { args: [{ member: parseHandle(member), ballot, reason }] }));
      expect(await vote('mallory', 'approve')).toBe('E_NOT_A_MEMBER');
      expect(await vote('ann', 'reject')).toBe('E_INVALID_REQUEST');
      expect(await vote('ann', 'approve')).toBe('accepted');
      expect(await vote('ann', 'approve')).toBe('E_ALREADY_VOTED');
      expect(entries.votes).toEqual(['ann approve']);
      await handle.terminate();
    });
  });

  test('votes of all members at the same moment give one decision, and each voter a clear answer', async () => {
    await review(async (handle, entries) => {
      const answers = await Promise.all(
        [ann, ben, cleo].map((member) =>
          handle.executeUpdate(voteUpdate, { args: [{ member, ballot: 'approve' as const, reason: '' }] }).then(
            (status: ReviewStatus) => status.state,
            (error: unknown) => ((error as WorkflowUpdateFailedError).cause as { type?: string }).type,
          ),
        ),
      );
      expect(entries.conclusions).toHaveLength(1);
      for (const answer of answers) expect(['requested', 'approved', 'E_ALREADY_DECIDED']).toContain(answer);
      expect(answers).toContain('approved');
    });
  });

  test('its status says who is waited for and until when', async () => {
    await review(async (handle) => {
      const status = await handle.query(reviewStatusQuery);
      expect(status).toMatchObject({ state: 'requested', quorum: 2, waitingFor: ['ann', 'ben', 'cleo'] });
      await handle.terminate();
    });
  });
});
