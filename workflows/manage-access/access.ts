import { condition, proxyActivities } from '@temporalio/workflow';
import type { GrantActivities } from '../../activities/grants.ts';
import { AUTO_GRANT_SECONDS } from '../../domain/grant.ts';
import type { EmailAddress } from '../../domain/ids.ts';
import { QUICK } from '../story/activity-options.ts';
import { failureMessage } from '../story/failure-message.ts';
import { refusal } from '../story/refusal.ts';
import { Story } from '../story/story.ts';
import type {
  AccessCounters,
  AccessStatus,
  AutoGrant,
  AutoGrantRound,
  GrantOutcome,
  GrantRequest,
  ManageAccessInput,
  RevokeRequest,
} from './contract.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** Wrapping a key for a thousand certificates takes seconds, so these are not held to a minute. */
const { grantAccess, autoGrantAccess } = proxyActivities<GrantActivities>({
  ...QUICK,
  startToCloseTimeout: '10 minutes',
  // They heartbeat, so an agent that is gone is noticed in half a minute.
  heartbeatTimeout: '30s',
});
/** One request each: where the agent dies in the middle, the next one asks again within a minute. */
const { revokeAccess, deleteAllKeys } = proxyActivities<GrantActivities>(QUICK);

/** The state of one access, and the changes that it can go through. */
export class Access {
  readonly #input: ManageAccessInput;
  readonly #story: Story;
  readonly #changes = new OneAtATime();
  #autoGrant: AutoGrant | null;
  #revoked: readonly EmailAddress[];
  #counters: AccessCounters;
  #lastRound: AutoGrantRound | null = null;
  #wanted = false;
  #settings = 0;
  #deletion: Promise<{ readonly deleted: number }> | null = null;
  #closed = false;

  constructor(input: ManageAccessInput) {
    this.#input = input;
    this.#autoGrant = input.autoGrant;
    this.#revoked = input.revoked;
    this.#counters = input.counters;
    this.#story = new Story({ container: `${input.account}/${input.name}`, benchmark: input.benchmark });
    this.#rest();
  }

  isClosed(): boolean {
    return this.#closed;
  }

  get idle(): boolean {
    return this.#changes.idle;
  }

  status(): AccessStatus {
    const { association } = this.#input;
    return { association, autoGrant: this.#autoGrant, counters: this.#counters, lastRound: this.#lastRound };
  }

  carriedOver(): ManageAccessInput {
    const counters = { ...this.#counters, generations: this.#counters.generations + 1 };
    return { ...this.#input, autoGrant: this.#autoGrant, revoked: this.#revoked, counters };
  }

  checkOpen(): void {
    if (this.#deletion === null) return;
    throw refusal('E_ACCESS_CLOSED', 'All keys of this container in this benchmark are deleted.', {
      next: 'Associate the container again to give access anew.',
    });
  }

  checkGrant(request: GrantRequest): void {
    this.checkOpen();
    if (request.emails.length === 0) throw refusal('E_INVALID_REQUEST', 'No address was named.');
    if (request.expiresAt !== null && !(Date.parse(request.expiresAt) > Date.now())) {
      throw refusal('E_INVALID_REQUEST', `Access cannot end at ${request.expiresAt}.`, { why: 'That is in the past.' });
    }
  }

  checkRevoke(request: RevokeRequest): void {
    this.checkOpen();
    if (request.reason.trim() === '') throw refusal('E_INVALID_REQUEST', 'A revocation needs a reason.');
  }

  checkAutoGrant(setting: AutoGrant | null): void {
    this.checkOpen();
    if (setting === null) return;
    const { least, most } = AUTO_GRANT_SECONDS;
    if (!Number.isInteger(setting.everySeconds) || setting.everySeconds < least || setting.everySeconds > most) {
      throw refusal('E_INVALID_REQUEST', `Auto-grant cannot look every ${setting.everySeconds} seconds.`, {
        why: `It takes whole seconds from ${least} to ${most}.`,
      });
    }
  }

  grant(request: GrantRequest): Promise<GrantOutcome> {
    return this.#changes.run(async () => {
      const outcome = await grantAccess.executeWithOptions({ summary: `Grant to ${request.emails.length}` }, [
        { ...this.#input, ...request },
      ]);
      const granted = outcome.granted.map((entry) => entry.email);
      this.#revoked = this.#revoked.filter((email) => !granted.includes(email));
      this.#count({ granted: granted.length });
      return outcome;
    });
  }

  revoke(request: RevokeRequest): Promise<{ readonly revoked: number }> {
    return this.#changes.run(async () => {
      const outcome = await revokeAccess.executeWithOptions({ summary: 'Revoke' }, [{ ...this.#input, ...request }]);
      this.#revoked = [...new Set([...this.#revoked, request.email])];
      this.#count({ revoked: outcome.revoked });
      return outcome;
    });
  }

  setAutoGrant(setting: AutoGrant | null): AutoGrant | null {
    this.#autoGrant = setting;
    this.#settings += 1;
    this.#wanted = setting !== null;
    this.#rest();
    return setting;
  }

  /** Whoever asks again while the keys are being deleted, or right after, gets the answer of the first time. */
  deleteKeys(): Promise<{ readonly deleted: number }> {
    this.#deletion ??= this.#changes.run(async () => {
      try {
        const outcome = await deleteAllKeys.executeWithOptions({ summary: 'Delete all keys' }, [this.#input]);
        this.#closed = true;
        this.#story.rest('Closed', null);
        return outcome;
      } finally {
        if (!this.#closed) this.#deletion = null;
      }
    });
    return this.#deletion;
  }

  wakeUp(): void {
    this.#wanted = true;
  }

  /** Returns when a round of auto-grant is due, the access was closed, or `interrupted` says so. */
  async untilNextRound(interrupted: () => boolean): Promise<void> {
    const settings = this.#settings;
    const due = () =>
      this.#closed || interrupted() || this.#settings !== settings || (this.#wanted && this.#autoGrant !== null);
    if (this.#autoGrant === null) await condition(due);
    else await condition(due, this.#autoGrant.everySeconds * 1000, { summary: 'Until auto-grant looks again' });
  }

  async autoGrantRound(): Promise<void> {
    await this.#changes.run(async () => {
      const setting = this.#autoGrant;
      this.#wanted = false;
      if (setting === null || this.#deletion !== null) return;
      const at = new Date().toISOString();
      try {
        const outcome = await autoGrantAccess.executeWithOptions({ summary: 'Auto-grant' }, [
          { ...this.#input, only: setting.only, except: this.#revoked },
        ]);
        this.#lastRound = { at, outcome, failure: null };
        this.#count({ granted: outcome.granted.length, autoGrantRounds: 1 });
      } catch (error) {
        // One failed round must not end the access: the next one tries again, and the status says what happened.
        this.#lastRound = { at, outcome: null, failure: failureMessage(error) };
        this.#count({ autoGrantRounds: 1 });
      }
    });
  }

  #count(more: Partial<AccessCounters>): void {
    const { granted, revoked, autoGrantRounds, generations } = this.#counters;
    this.#counters = {
      granted: granted + (more.granted ?? 0),
      revoked: revoked + (more.revoked ?? 0),
      autoGrantRounds: autoGrantRounds + (more.autoGrantRounds ?? 0),
      generations,
    };
  }

  #rest(): void {
    const setting = this.#autoGrant;
    this.#story.rest(setting ? `Open, auto-grant every ${setting.everySeconds} s` : 'Open', null);
  }
}
