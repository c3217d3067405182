/** A job while it lasts: which batches are through, which are at work, and whether it may go on. */
import {
  ActivityCancellationType,
  allHandlersFinished,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { BatchOutcome, JobActivities } from '../../activities/jobs.ts';
import type { ErrorFields } from '../../domain/errors.ts';
import { hasEnded, type JobState } from '../../domain/job.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { refusal } from '../story/refusal.ts';
import { Story } from '../story/story.ts';
import type { CarriedJob, JobProgress, RunJobInput } from './contract.ts';

const { runBatch } = proxyActivities<JobActivities>({
  ...LONG,
  heartbeatTimeout: '10s',
  // A pause is over when the items in hand are written down, not before.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});
const { recordJobState } = proxyActivities<JobActivities>(QUICK);

export class Job {
  readonly #input: RunJobInput;
  readonly #story = new Story({});
  #next: number;
  #again: number[];
  #counts: BatchOutcome;
  #atWork = 0;
  readonly #whole = CancellationScope.current();
  #scope = new CancellationScope();
  /** What is wanted; `state` follows once it is so. */
  #wanted: 'running' | 'paused' | 'cancelled' = 'running';
  #state: JobState = 'running';
  #failure: ErrorFields | null = null;

  constructor(input: RunJobInput) {
    const { next, again, ...counts } = input.carried ?? { next: 0, again: [], answered: 0, failed: 0 };
    this.#input = input;
    this.#next = next;
    this.#again = [...again];
    this.#counts = counts;
    this.#tell('running');
  }

  progress(): JobProgress {
    const { items, batches } = this.#input;
    const batchesDone = this.#next - this.#again.length - this.#atWork;
    return { state: this.#state, items, ...this.#counts, batchesDone, batches, failure: this.#failure };
  }

  isOpen(): boolean {
    return !hasEnded(this.#state);
  }

  carriedOver(): CarriedJob {
    return { next: this.#next, again: this.#again, ...this.#counts };
  }

  checkOpen(): void {
    if (this.#wanted === 'cancelled' || hasEnded(this.#state)) {
      throw refusal('E_CONFLICT', `The job is ${this.#state} already.`);
    }
  }

  checkPausable(): void {
    this.checkOpen();
    if (this.#wanted === 'paused') throw refusal('E_CONFLICT', 'The job is paused already.');
  }

  checkPaused(): void {
    this.checkOpen();
    if (this.#wanted === 'running') throw refusal('E_CONFLICT', 'The job is not paused.');
  }

  async pause(): Promise<JobProgress> {
    this.#wanted = 'paused';
    this.#scope.cancel();
    await condition(() => this.#atWork === 0);
    // It may have been told to go on, or have come to its end, meanwhile.
    if (this.#isToRest()) {
      await recordJobState(this.#input.id, 'paused', null);
      this.#tell('paused');
    }
    return this.progress();
  }

  async resume(): Promise<JobProgress> {
    await recordJobState(this.#input.id, 'running', null);
    this.#wanted = 'running';
    this.#tell('running');
    return this.progress();
  }

  async cancel(): Promise<JobProgress> {
    this.#wanted = 'cancelled';
    this.#scope.cancel();
    await condition(() => hasEnded(this.#state));
    return this.progress();
  }

  #isToRest(): boolean {
    return this.#wanted === 'paused' && this.isOpen() && !this.#isThrough();
  }

  /** Works until the job has ended, or `hop` says that it is time to go on in a new history. */
  async work(hop: () => boolean): Promise<void> {
    try {
      while (this.#goesOn()) {
        await condition(() => this.#wanted !== 'paused');
        if (this.#goesOn()) await this.#round(hop);
        if (!hop() || !this.#goesOn()) continue;
        await condition(() => allHandlersFinished() || this.#wanted !== 'running');
        if (this.#wanted === 'running') return;
      }
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
    await CancellationScope.nonCancellable(() => this.#conclude());
  }

  /** Whoever operates Temporal may cancel as well. */
  #goesOn(): boolean {
    const cancelled = this.#wanted === 'cancelled' || this.#whole.consideredCancelled;
    return !cancelled && !this.#isThrough() && this.#failure === null;
  }

  async #conclude(): Promise<void> {
    const end = this.#failure ? 'failed' : this.#isThrough() ? 'done' : 'cancelled';
    await recordJobState(this.#input.id, end, this.#failure);
    this.#tell(end);
  }

  /** Some batches at once, until none is left or something is in the way. */
  async #round(hop: () => boolean): Promise<void> {
    const scope = new CancellationScope();
    this.#scope = scope;
    const lane = async () => {
      while (!scope.consideredCancelled && !hop()) {
        const position = this.#take();
        if (position === null) return;
        await this.#runOne(position);
      }
    };
    await scope.run(() => Promise.all(Array.from({ length: this.#input.fanOut }, lane)));
  }

  #take(): number | null {
    const position = this.#again.shift() ?? (this.#next < this.#input.batches ? this.#next++ : null);
    if (position !== null) this.#atWork += 1;
    return position;
  }

  async #runOne(position: number): Promise<void> {
    const { id, batches } = this.#input;
    try {
      const summary = `Batch ${position + 1} of ${batches}`;
      const { answered, failed } = await runBatch.executeWithOptions({ summary }, [id, position]);
      this.#counts = { answered: this.#counts.answered + answered, failed: this.#counts.failed + failed };
    } catch (error) {
      this.#again.push(position);
      if (isCancellation(error)) return;
      this.#failure = failureOf(error);
      this.#scope.cancel();
    } finally {
      this.#atWork -= 1;
      this.#describe();
    }
  }

  #isThrough(): boolean {
    return this.#next === this.#input.batches && this.#again.length === 0 && this.#atWork === 0;
  }

  #tell(state: JobState): void {
    this.#state = state;
    this.#story.rest(state, state === 'paused' ? this.#input.owner : null);
    this.#describe();
  }

  /** What the Temporal Web UI shows. */
  #describe(): void {
    const { state, items, answered, failed, batchesDone, batches } = this.progress();
    const waiting = state === 'paused' ? [`**Waiting on ${this.#input.owner}** to go on with it`] : [];
    const done = `${answered + failed} of ${items} items, ${failed} of them failed; ${batchesDone} of ${batches} batches`;
    setCurrentDetails([`**Job ${state}**`, ...waiting, '', done].join('\n'));
  }
}

function failureOf(error: unknown): ErrorFields {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const [fields] = cause instanceof ApplicationFailure ? (cause.details ?? []) : [];
  return (fields ?? { code: 'E_INTERNAL', message: 'A batch of the job failed.' }) as ErrorFields;
}
