/** Review: the committee's votes on one association, until a quorum or the deadline. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
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
  readonly rule: ApprovalRule;
  /** ISO 8601: without a decision by then the request expires. */
  readonly deadline: string;
  /** Hours between two reminders to the members who have not voted. */
  readonly reminderHours: number;
}

export interface VoteRequest {
  readonly member: Handle;
  readonly ballot: Ballot;
  readonly reason: string;
}

export interface ReviewStatus {
  readonly state: AssociationState;
  readonly votes: readonly Vote[];
  readonly quorum: number;
  readonly approvals: number;
  /** Members who have not voted yet. */
  readonly waitingFor: readonly Handle[];
  readonly deadline: string;
  readonly reason: string | null;
}

/** Casts one member's vote. Refused for non-members, a second vote, after the decision and after the deadline. */
export const voteUpdate = defineUpdate<ReviewStatus, [vote: VoteRequest, author?: Author]>('vote');
/** The requester takes the request back. */
export const withdrawUpdate = defineUpdate<ReviewStatus, [withdrawal: { readonly reason: string }, author?: Author]>(
  'withdraw',
);
export const reviewStatusQuery = defineQuery<ReviewStatus>('reviewStatus');
