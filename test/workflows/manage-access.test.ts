import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowUpdateFailedError } from '@temporalio/client';
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import {
  parseAssociationId,
  parseBenchmarkName,
  parseContainerName,
  parseEmailAddress,
  parseFingerprint,
  parseHandle,
  type EmailAddress,
} from '../../domain/ids.ts';
import {
  accessStatusQuery,
  autoGrantUpdate,
  deleteKeysUpdate,
  grantUpdate,
  manageAccessWorkflowId,
  revokeUpdate,
  wakeUpSignal,
} from '../../workflows/manage-access/contract.ts';
import type { manageAccess } from '../../workflows/manage-access/workflow.ts';
import { workflowBundle } from '../../workers/workflow-bundle.ts';
import { found, until } from '../support/patience.ts';
import { createTimeSkippingEnvironment } from '../support/time-skipping.ts';

const dora = parseEmailAddress('dora@example.org');
const emil = parseEmailAddress('emil@example.org');
const fingerprint = parseFingerprint('A'.repeat(40));
const HOUR = 3_600_000;

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await createTimeSkippingEnvironment();
});

afterAll(() => environment.teardown());

/** The registry of grants as the platform keeps it, without the platform. */
class Registry {
  readonly authorised = new Set<EmailAddress>();
  readonly valid = new Set<EmailAddress>();
  rounds = 0;
  broken = false;
  deletions = 0;
  /** What the next deletion waits for, once the keys are gone and before anyone hears of it. */
  beforeAnswer: () => Promise<void> = async () => undefined;

  readonly activities = {
    grantAccess: async ({ emails }: { emails: EmailAddress[] }) => this.#grant(emails),
    autoGrantAccess: async ({ except }: { except: EmailAddress[] }) => {
      this.rounds += 1;
      if (this.broken) throw ApplicationFailure.nonRetryable('The platform said no.', 'E_NOT_ALLOWED');
      return this.#grant([...this.authorised].filter((email) => !except.includes(email)));
    },
    revokeAccess: async ({ email }: { email: EmailAddress }) => ({ revoked: this.valid.delete(email) ? 1 : 0 }),
    deleteAllKeys: async () => {
      this.deletions += 1;
      this.#deleted += this.valid.size;
      this.valid.clear();
      const before = this.beforeAnswer;
      this.beforeAnswer = async () => undefined;
      await before();
      return { deleted: this.#deleted };
    },
  };

  #deleted = 0;

  #grant(emails: readonly EmailAddress[]) {
    const fresh = emails.filter((email) => !this.valid.has(email));
    for (const email of fresh) this.valid.add(email);
    return { granted: fresh.map((email) => ({ email, fingerprint })), skipped: [] };
  }
}

async function access(
  story: (handle: WorkflowHandle<typeof manageAccess>, registry: Registry) => Promise<void>,
  continueAfter: number | null = null,
): Promise<void> {
  const registry = new Registry();
  const taskQueue = `owner-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: await workflowBundle('owner'),
    activities: registry.activities,
  });
  const account = parseHandle('alice');
  const name = parseContainerName('digits-model');
  const benchmark = parseBenchmarkName(`digits-${Math.random().toString(36).slice(2, 8)}x`);
  await worker.runUntil(async () => {
    const handle = await environment.client.workflow.start<typeof manageAccess>('manageAccess', {
      taskQueue,
      workflowId: manageAccessWorkflowId(account, name, benchmark),
      args: [
        {
          account,
          name,
          benchmark,
          association: parseAssociationId(randomUUID()),
          autoGrant: null,
          revoked: [],
          counters: { granted: 0, revoked: 0, autoGrantRounds: 0, generations: 0 },
          continueAfter,
        },
      ],
    });
    await story(environment.client.workflow.getHandle(handle.workflowId), registry);
  });
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => ((error as WorkflowUpdateFailedError).cause as { type?: string }).type,
  );

const everyHour = { args: [{ everySeconds: 3600, only: null }] } as const;

describe('an owner manages access to a container', () => {
  test('auto-grant finds a new certificate at its next tick, without anyone asking', async () => {
    await access(async (handle, registry) => {
      await handle.executeUpdate(autoGrantUpdate, { args: [everyHour.args[0]] });
      await environment.sleep(1);
      registry.authorised.add(dora);
      await environment.sleep(HOUR + 1000);
      await until('dora has access', () => registry.valid.has(dora));
      await handle.executeUpdate(deleteKeysUpdate);
    });
  });

  test('a wake-up makes auto-grant look at once', async () => {
    await access(async (handle, registry) => {
      await handle.executeUpdate(autoGrantUpdate, { args: [{ everySeconds: 86_400, only: null }] });
      registry.authorised.add(dora);
      await handle.signal(wakeUpSignal);
      await until('dora has access', () => registry.valid.has(dora));
      await handle.executeUpdate(deleteKeysUpdate);
    });
  });

  test('a deletion of all keys that is asked for again in its middle is joined, and both hear the same (B8)', async () => {
    await access(async (handle, registry) => {
      await handle.executeUpdate(grantUpdate, { args: [{ emails: [dora, emil], expiresAt: null }] });
      let answer: () => void = () => undefined;
      registry.beforeAnswer = () => new Promise((resolve) => (answer = resolve));
      const first = handle.executeUpdate(deleteKeysUpdate);
      while (registry.deletions === 0) await pause(20);
      const second = await handle.startUpdate(deleteKeysUpdate, { waitForStage: 'ACCEPTED' });
      expect(await codeOf(handle.executeUpdate(grantUpdate, { args: [{ emails: [dora], expiresAt: null }] }))).toBe(
        'E_ACCESS_CLOSED',
      );
      answer();
      expect(await Promise.all([first, second.result()])).toEqual([{ deleted: 2 }, { deleted: 2 }]);
      expect(registry.deletions).toBe(1);
    });
  });

  test('a deletion of all keys whose answer was lost is asked for again by itself, and says what it took (B8)', async () => {
    await access(async (handle, registry) => {
      await handle.executeUpdate(grantUpdate, { args: [{ emails: [dora, emil], expiresAt: null }] });
      registry.beforeAnswer = () => Promise.reject(ApplicationFailure.retryable('Nobody answers.', 'E_UNAVAILABLE'));
      expect(await handle.executeUpdate(deleteKeysUpdate)).toEqual({ deleted: 2 });
      expect(registry.deletions).toBe(2);
      await handle.result();
    });
  });

  test('a deletion of all keys that is refused leaves the access open, and can be asked for again', async () => {
    await access(async (handle, registry) => {
      registry.beforeAnswer = () => Promise.reject(ApplicationFailure.nonRetryable('No.', 'E_NOT_ALLOWED'));
      expect(await codeOf(handle.executeUpdate(deleteKeysUpdate))).not.toBe('accepted');
      await handle.executeUpdate(grantUpdate, { args: [{ emails: [dora], expiresAt: null }] });
      expect(await handle.executeUpdate(deleteKeysUpdate)).toEqual({ deleted: 1 });
    });
  });

  test('after three weeks of hourly rounds and several continue-as-new, nothing is forgotten', async () => {
    await access(async (handle, registry) => {
      await handle.executeUpdate(autoGrantUpdate, { args: [everyHour.args[0]] });
      registry.authorised.add(dora);
      await environment.sleep(2 * HOUR);
      await until('dora has access', () => registry.valid.has(dora));
      await handle.executeUpdate(revokeUpdate, { args: [{ email: dora, reason: 'left' }] });
      await environment.sleep(21 * 24 * HOUR);
      const status = await handle.query(accessStatusQuery);
      expect(status.counters).toMatchObject({ granted: 1, revoked: 1 });
      expect(status.counters.generations).toBeGreaterThan(1);
      expect(status.counters.autoGrantRounds).toBeGreaterThan(21 * 24 - 24);
      expect(status.autoGrant).toEqual({ everySeconds: 3600, only: null });
      expect([...registry.valid]).toEqual([]);
      registry.authorised.add(emil);
      await environment.sleep(2 * HOUR);
      await until('emil has access', () => registry.valid.has(emil));
      expect([...registry.valid]).toEqual([emil]);
      await handle.executeUpdate(deleteKeysUpdate);
    }, 400);
  });

  test('a revoked address stays revoked for auto-grant until the owner grants it by hand', async () => {
    await access(async (handle, registry) => {
      registry.authorised.add(dora);
      await handle.executeUpdate(autoGrantUpdate, { args: [everyHour.args[0]] });
      await until('dora has access', () => registry.valid.has(dora));
      await handle.executeUpdate(revokeUpdate, { args: [{ email: dora, reason: 'left' }] });
      await environment.sleep(5 * HOUR);
      expect([...registry.valid]).toEqual([]);
      await handle.executeUpdate(grantUpdate, { args: [{ emails: [dora], expiresAt: null }] });
      expect([...registry.valid]).toEqual([dora]);
      await handle.executeUpdate(deleteKeysUpdate);
    });
  });

  test('a failed round is reported, and the next one tries again', async () => {
    await access(async (handle, registry) => {
      registry.broken = true;
      registry.authorised.add(dora);
      await handle.executeUpdate(autoGrantUpdate, { args: [everyHour.args[0]] });
      const round = await found('a round', async () => (await handle.query(accessStatusQuery)).lastRound);
      expect(round.failure).toBe('The platform said no.');
      registry.broken = false;
      await environment.sleep(2 * HOUR);
      await until('dora has access', () => registry.valid.has(dora));
      await handle.executeUpdate(deleteKeysUpdate);
    });
  });

  test('what makes no sense is refused with its own code, and the access goes on', async () => {
    await access(async (handle) => {
      const refused = [
        codeOf(handle.executeUpdate(grantUpdate, { args: [{ emails: [], expiresAt: null }] })),
        codeOf(handle.executeUpdate(grantUpdate, { args: [{ emails: [dora], expiresAt: '2001-01-01T00:00:00Z' }] })),
        codeOf(handle.executeUpdate(revokeUpdate, { args: [{ email: dora, reason: ' ' }] })),
        codeOf(handle.executeUpdate(autoGrantUpdate, { args: [{ everySeconds: 1, only: null }] })),
      ];
      expect(await Promise.all(refused)).toEqual(Array.from({ length: 4 }, () => 'E_INVALID_REQUEST'));
      expect(await handle.executeUpdate(deleteKeysUpdate)).toEqual({ deleted: 0 });
      expect(await handle.result()).toMatchObject({ granted: 0 });
    });
  });
});
