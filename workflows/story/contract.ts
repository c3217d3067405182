/** What every story of ours tells while it runs: its steps, what it waits for, and who must act. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery } from '@temporalio/workflow';

export interface StoryStep {
  readonly name: string;
  readonly state: 'running' | 'done' | 'failed' | 'waiting';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** One line for people: a digest, a size, a count. Never a secret. */
  readonly detail: string | null;
}

export interface StoryStatus {
  readonly stage: string;
  /** Who must act next, in words; `null` while the story itself is at work. */
  readonly waitingOn: string | null;
  /** Since when the stage holds; ISO 8601. */
  readonly since: string;
  readonly steps: readonly StoryStep[];
}

export const storyQuery = defineQuery<StoryStatus>('story');

/** Search attributes by which an operator finds "what is stuck, and on whom". They are never encrypted. */
export const SEARCH_ATTRIBUTES = {
  stage: defineSearchAttributeKey('Stage', SearchAttributeType.KEYWORD),
  waitingOn: defineSearchAttributeKey('WaitingOn', SearchAttributeType.KEYWORD),
  container: defineSearchAttributeKey('Container', SearchAttributeType.KEYWORD),
  benchmark: defineSearchAttributeKey('Benchmark', SearchAttributeType.KEYWORD),
} as const;

/** The Temporal header that names the API's request. Headers are not encrypted. */
export const REQUEST_ID_HEADER = 'strongroom-request-id';
