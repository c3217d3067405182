import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { parseAssociationId, parseBenchmarkName, parseHandle, type AssociationId } from '../../domain/ids.ts';
import type { Announcement } from '../../activities/review-mails.ts';
import {
  reviewAssociationWorkflowId,
  reviewNewsSignal,
  reviewStatusQuery,
  voteUpdate,
  type ReviewStatus,
} from '../../workflows/review-association/contract.ts';
import { reviewAssociation } from '../../workflows/review-association/workflow.ts';
import { committeeOf, type Committee } from './committee.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { until } from '../support/patience.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';

const [ann, ben, cleo] = ['ann', 'ben', 'cleo'].map(parseHandle) as [never, never, never];
const DAY = 86_400_000;

let environment: TestWorkflowEnvironment;
let bundle: { readonly codePath: string };

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
  bundle = await workflowBundle('platform');
});

afterAll(() => environment.teardown());

async function review(
  story: (handle: WorkflowHandle<typeof reviewAssociation>, committee: Committee) => Promise<void>,
  /** Announcements wait for this. */
  mayAnnounce: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  const now = await environment.currentTimeMs();
  const deadline = new Date(now + 30 * DAY).toISOString();
  const committee = committeeOf(['ann', 'ben', 'cleo'], 2, () => deadline);
  const taskQueue = `platform-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: bundle,
    activities: {
      ...committee.activities,
      announceReview: async (announcement: Announcement) => {
        await mayAnnounce;
        await committee.activities.announceReview(announcement);
      },
    },
  });
  const association: AssociationId = parseAssociationId(randomUUID());
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
          deadline,
          reminderHours: 24 * 7,
        },
      ],
    });
    await story(handle, committee);
  });
}

const refusalCode = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => codeOf(error),
  );

/** Before time is skipped: a step that is at work meanwhile has taken days, and counts as lost. */
async function untilAnnounced(handle: WorkflowHandle, committee: Committee, count: number): Promise<void> {
  const atWork = async () => ((await handle.describe()).raw.pendingActivities ?? []).length > 0;
  while (committee.announcements.length < count || (await atWork())) await pause(20);
}

/** The innermost failure: what an activity refused is wrapped in the workflow's own. */
function codeOf(error: unknown): unknown {
  if (!(error instanceof WorkflowUpdateFailedError)) return error;
  let cause = error.cause as { type?: string; cause?: unknown };
  while (cause.cause) cause = cause.cause;
  return cause.type;
}

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
      expect(entries.announcements.map(({ state, reason }) => [state, reason])).toEqual([
        ['requested', null],
        ['approved', '2 of 3 approve, 2 needed'],
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
    await review(async (handle, entries) => {
      await untilAnnounced(handle, entries, 1);
      await environment.sleep(29 * DAY);
      await handle.executeUpdate(voteUpdate, { args: [{ member: ann, ballot: 'approve', reason: '' }] });
      const last = await handle.executeUpdate(voteUpdate, { args: [{ member: ben, ballot: 'approve', reason: '' }] });
      expect(last.state).toBe('approved');
      // To its end: a step that no worker takes up any more would keep time from being skipped.
      await handle.result();
    });
  });

  test('a stranger and a rejection without a reason are refused, each with its own code, and a vote may change', async () => {
    await review(async (handle, entries) => {
      const vote = (member: string, ballot: 'approve' | 'reject', reason = '') =>
        refusalCode(handle.executeUpdate(voteUpdate, { args: [{ member: parseHandle(member), ballot, reason }] }));
      expect(await vote('mallory', 'approve')).toBe('E_NOT_A_MEMBER');
      expect(await vote('ann', 'reject')).toBe('E_INVALID_REQUEST');
      expect(await vote('ann', 'approve')).toBe('accepted');
      expect(await vote('ann', 'reject', 'on second thoughts')).toBe('accepted');
      expect(entries.votes).toEqual(['ann approve', 'ann reject']);
      expect(await handle.query(reviewStatusQuery)).toMatchObject({ approvals: 0, waitingFor: ['ben', 'cleo'] });
      await handle.terminate();
    });
  });

  test('votes of all members at the same moment give one decision, and each voter a clear answer', async () => {
    await review(async (handle, entries) => {
      const answers = await Promise.all(
        [ann, ben, cleo].map((member) =>
          handle
            .executeUpdate(voteUpdate, { args: [{ member, ballot: 'approve' as const, reason: '' }] })
            .then((status: ReviewStatus) => status.state, codeOf),
        ),
      );
      await handle.result();
      expect(entries.announcements.filter(({ state }) => state === 'approved')).toHaveLength(1);
      for (const answer of answers) expect(['requested', 'approved', 'E_ALREADY_DECIDED']).toContain(answer);
      expect(answers).toContain('approved');
    });
  });

  test('a decision that comes while the request is still being announced is announced after it', async () => {
    const { promise: told, resolve: tell } = Promise.withResolvers<undefined>();
    await review(async (handle, entries) => {
      for (const member of [ann, ben]) {
        await handle.executeUpdate(voteUpdate, { args: [{ member, ballot: 'approve', reason: '' }] });
      }
      tell(undefined);
      await handle.result();
      expect(entries.announcements.map(({ state }) => state)).toEqual(['requested', 'approved']);
    }, told);
  });

  test('a wish for changes gives it back to the owner, whose new submission has a deadline of its own', async () => {
    await review(async (handle, entries) => {
      await untilAnnounced(handle, entries, 1);
      await environment.sleep(20 * DAY);
      const asked = await handle.executeUpdate(voteUpdate, {
        args: [{ member: ann, ballot: 'request-changes', reason: 'more cases' }],
      });
      expect(asked).toMatchObject({ state: 'changes-requested', reason: 'ann: more cases', waitingFor: [] });
      await untilAnnounced(handle, entries, 2);
      await environment.sleep(5 * DAY);
      const later = new Date((await environment.currentTimeMs()) + 30 * DAY).toISOString();
      entries.change({ state: 'requested', submission: 2, votes: [], reason: null, deadline: later });
      await handle.signal(reviewNewsSignal);
      await untilAnnounced(handle, entries, 3);
      await environment.sleep(20 * DAY);
      for (const member of [ben, cleo]) {
        await handle.executeUpdate(voteUpdate, { args: [{ member, ballot: 'approve', reason: '' }] });
      }
      expect(await handle.result()).toMatchObject({ state: 'approved', submission: 2 });
      expect(entries.announcements.map(({ state, submission }) => `${submission} ${state}`)).toEqual([
        '1 requested',
        '1 changes-requested',
        '2 requested',
        '2 approved',
      ]);
    });
  });

  test('changes that the owner never makes let it expire, and nobody on the committee is reminded meanwhile', async () => {
    await review(async (handle, entries) => {
      await handle.executeUpdate(voteUpdate, {
        args: [{ member: ann, ballot: 'request-changes', reason: 'more cases' }],
      });
      expect((await handle.result()).state).toBe('expired');
      expect(entries.reminders).toEqual([]);
    });
  });

  test('a committee that changed without a word of it is noticed by the next reminder', async () => {
    await review(async (handle, entries) => {
      entries.change({ rule: { members: [ann, ben], quorum: 2 } });
      await untilAnnounced(handle, entries, 1);
      await environment.sleep(8 * DAY);
      await until('a reminder', () => entries.reminders.length > 0);
      expect(entries.reminders).toEqual([['ann', 'ben']]);
      await handle.terminate();
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
