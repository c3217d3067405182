import { setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES, storyQuery, type StoryStatus, type StoryStep } from './contract.ts';

type Activity<Args extends unknown[], Result> = ((...args: Args) => Promise<Result>) & {
  executeWithOptions(options: ActivityOptions, args: Args): Promise<Result>;
};

interface Tags {
  readonly container?: string;
  readonly benchmark?: string;
}

/**
 * Keeps what a person wants to know of a running workflow: its steps, its stage, and who must act. The same words go to
 * the `story` query, to the search attributes and to the details that the Temporal Web UI shows.
 */
export class Story {
  readonly #steps: StoryStep[] = [];
  #stage = 'started';
  #waitingOn: string | null = null;
  #since = now();

  constructor(tags: Tags) {
    setHandler(storyQuery, () => this.status());
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.container, value: tags.container ?? null },
      { key: SEARCH_ATTRIBUTES.benchmark, value: tags.benchmark ?? null },
    ]);
  }

  status(): StoryStatus {
    return { stage: this.#stage, waitingOn: this.#waitingOn, since: this.#since, steps: this.#steps };
  }

  /** Runs one activity as a named step. `describe` says its outcome in one line for people. */
  async step<Args extends unknown[], Result>(
    name: string,
    activity: Activity<Args, Result>,
    args: NoInfer<Args>,
    describe?: (result: Result) => string,
  ): Promise<Result> {
    const index = this.#begin(name, 'running', null);
    try {
      const result = await activity.executeWithOptions({ summary: name }, args);
      this.#finish(index, 'done', describe?.(result) ?? null);
      return result;
    } catch (error) {
      this.#finish(index, 'failed', null);
      throw error;
    }
  }

  /** Waits for a person or another party; `who` is what an operator reads under "waiting on". */
  async wait<Result>(name: string, who: string, awaited: () => Promise<Result>): Promise<Result> {
    const index = this.#begin(name, 'waiting', who);
    try {
      const result = await awaited();
      this.#finish(index, 'done', null);
      return result;
    } catch (error) {
      this.#finish(index, 'failed', null);
      throw error;
    }
  }

  /** Says in which stage the story rests, for entities that have no steps but a life. */
  rest(stage: string, waitingOn: string | null): void {
    this.#stage = stage;
    this.#waitingOn = waitingOn;
    this.#since = now();
    upsertSearchAttributes([
      { key: SEARCH_ATTRIBUTES.stage, value: stage },
      { key: SEARCH_ATTRIBUTES.waitingOn, value: waitingOn },
    ]);
    setCurrentDetails(toMarkdown(this.status()));
  }

  #begin(name: string, state: 'running' | 'waiting', waitingOn: string | null): number {
    this.#steps.push({ name, state, startedAt: now(), finishedAt: null, detail: null });
    this.rest(name, waitingOn);
    return this.#steps.length - 1;
  }

  #finish(index: number, state: 'done' | 'failed', detail: string | null): void {
    const step = this.#steps[index];
    if (step) this.#steps[index] = { ...step, state, finishedAt: now(), detail };
    setCurrentDetails(toMarkdown(this.status()));
  }
}

const now = () => new Date().toISOString();

const MARK = { running: '▶', waiting: '⏳', done: '✔', failed: '✘' } as const;

function toMarkdown(status: StoryStatus): string {
  const steps = status.steps.map(
    (step) => `- ${MARK[step.state]} ${step.name}${step.detail ? `: ${step.detail}` : ''}`,
  );
  const waiting = status.waitingOn ? [`**Waiting on ${status.waitingOn}** since ${status.since}`] : [];
  return [`**${status.stage}**`, ...waiting, '', ...steps].join('\n');
}
