/** Review: the committee's votes on one association, until it is decided, withdrawn or past its deadline. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Author } from '../../domain/audit.ts';
import type { ApprovalRule, AssociationState, Ballot, Vote } from '../../domain/association.ts';
import type { AssociationId, BenchmarkName, Handle } from '../../domain/ids.ts';

export const REVIEW_ASSOCIATION = 'reviewAssociation';
export const reviewAssociationWorkflowId = (association: AssociationId): string => `review/${association}`;

export interface ReviewAssociationInput {
  readonly association: AssociationId;
  readonly benchmark: BenchmarkName;
  /** What is asked for, for people: `alice/digits-model` or `dataset bob/wards`. */
  readonly subject: string;
  /** As the review begins; the committee may change. */
  readonly rule: ApprovalRule;
  /** ISO 8601: without a decision by then the request expires. A new submission has a new one. */
  readonly deadline: string;
  /** Hours between two reminders to whoever must act. */
  readonly reminderHours: number;
}

export interface VoteRequest {
  readonly member: Handle;
  readonly ballot: Ballot;
  readonly reason: string;
}

export interface ReviewStatus {
  readonly state: AssociationState;
  readonly submission: number;
  readonly votes: readonly Vote[];
  readonly quorum: number;
  readonly approvals: number;
  /** Members who have not voted yet. */
  readonly waitingFor: readonly Handle[];
  readonly deadline: string;
  readonly reason: string | null;
}

/** Casts one member's vote, or changes it. Refused for non-members, the owner, after the decision and the deadline. */
export const voteUpdate = defineUpdate<ReviewStatus, [vote: VoteRequest, author?: Author]>('vote');
/** The requester takes the request back. */
export const withdrawUpdate = defineUpdate<ReviewStatus, [withdrawal: { readonly reason: string }, author?: Author]>(
  'withdraw',
);
/** Says that the request was submitted again, or that the committee has changed; the review then looks itself. */
export const reviewNewsSignal = defineSignal('reviewNews');
export const reviewStatusQuery = defineQuery<ReviewStatus>('reviewStatus');
