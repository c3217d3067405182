/** An association ties a container or a dataset to a benchmark, once the benchmark's committee has agreed. */
import type { Handle } from './ids.ts';

export const ASSOCIATION_KINDS = ['container', 'dataset'] as const;
export type AssociationKind = (typeof ASSOCIATION_KINDS)[number];

/**
 * `requested` waits for the committee, `changes-requested` for the owner, who submits the same association again.
 * `approved`, `rejected` and `expired` are decisions; `closed` is the end of an approved association: the owner deleted
 * all keys, or withdrew.
 */
export const ASSOCIATION_STATES = [
  'requested',
  'changes-requested',
  'approved',
  'rejected',
  'expired',
  'closed',
] as const;
export type AssociationState = (typeof ASSOCIATION_STATES)[number];

const NEXT: Record<AssociationState, readonly AssociationState[]> = {
  requested: ['changes-requested', 'approved', 'rejected', 'expired', 'closed'],
  'changes-requested': ['requested', 'expired', 'closed'],
  approved: ['closed'],
  rejected: [],
  expired: [],
  closed: [],
};

export const canBecome = (from: AssociationState, to: AssociationState): boolean => NEXT[from].includes(to);

/** A request in one of these states stands in the way of another one for the same container and benchmark. */
export const OPEN_STATES: readonly AssociationState[] = ['requested', 'changes-requested', 'approved'];

/** Nothing is decided yet: the review goes on. */
export const isUndecided = (state: AssociationState): boolean => state === 'requested' || state === 'changes-requested';

export const BALLOTS = ['approve', 'reject', 'request-changes'] as const;
export type Ballot = (typeof BALLOTS)[number];

export interface Vote {
  readonly member: Handle;
  readonly ballot: Ballot;
  readonly reason: string;
}

/** "2 of 3": `quorum` approvals out of `members`, who are all that may vote. */
export interface ApprovalRule {
  readonly members: readonly Handle[];
  readonly quorum: number;
}

/** How a review stands. A larger `revision` is newer. */
export interface ReviewStanding {
  readonly revision: number;
  readonly state: AssociationState;
  /** From 1; one more each time the owner submits the association again. */
  readonly submission: number;
  readonly rule: ApprovalRule;
  /** On this submission, by those who are members now. */
  readonly votes: readonly Vote[];
  /** ISO 8601. */
  readonly deadline: string;
  readonly reason: string | null;
}

export type Verdict =
  | { readonly decided: false; readonly missing: number }
  | { readonly decided: true; readonly state: 'approved' | 'rejected' | 'changes-requested'; readonly reason: string };

/**
 * Approved once the quorum is reached; sent back to the owner as soon as one member asks for changes; rejected once the
 * quorum can no longer be reached. Votes of non-members do not count.
 */
export function decide({ members, quorum }: ApprovalRule, votes: readonly Vote[]): Verdict {
  const counted = votes.filter((vote) => members.includes(vote.member));
  const approvals = counted.filter(({ ballot }) => ballot === 'approve').length;
  const rejections = counted.filter(({ ballot }) => ballot === 'reject').length;
  const tally = `${approvals} of ${members.length} approve, ${quorum} needed`;
  if (approvals >= quorum) return { decided: true, state: 'approved', reason: tally };
  const change = counted.find(({ ballot }) => ballot === 'request-changes');
  if (change) return { decided: true, state: 'changes-requested', reason: `${change.member}: ${change.reason}` };
  if (members.length - rejections < quorum) return { decided: true, state: 'rejected', reason: tally };
  return { decided: false, missing: quorum - approvals };
}
