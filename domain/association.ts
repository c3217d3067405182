/** An association ties a container or a dataset to a benchmark, once the benchmark's committee has agreed. */
import type { Handle } from './ids.ts';

export type AssociationKind = 'container' | 'dataset';

/**
 * `requested` waits for the committee. `approved`, `rejected` and `expired` are its decisions; `closed` is the end of
 * an approved association: the owner deleted all keys, or withdrew.
 */
export const ASSOCIATION_STATES = ['requested', 'approved', 'rejected', 'expired', 'closed'] as const;
export type AssociationState = (typeof ASSOCIATION_STATES)[number];

const NEXT: Record<AssociationState, readonly AssociationState[]> = {
  requested: ['approved', 'rejected', 'expired', 'closed'],
  approved: ['closed'],
  rejected: [],
  expired: [],
  closed: [],
};

export const canBecome = (from: AssociationState, to: AssociationState): boolean => NEXT[from].includes(to);

/** A request in one of these states stands in the way of another one for the same container and benchmark. */
export const OPEN_STATES: readonly AssociationState[] = ['requested', 'approved'];

export type Ballot = 'approve' | 'reject';

export interface Vote {
  readonly member: Handle;
  readonly ballot: Ballot;
  readonly reason: string;
}

/** "2 of 3": `quorum` approvals out of `members`. */
export interface ApprovalRule {
  readonly members: readonly Handle[];
  readonly quorum: number;
}

export type Verdict =
  | { readonly decided: false; readonly missing: number }
  | { readonly decided: true; readonly state: 'approved' | 'rejected' };

/** Approved once the quorum is reached; rejected once it can no longer be reached. Votes of non-members do not count. */
export function decide(rule: ApprovalRule, votes: readonly Vote[]): Verdict {
  const counted = votes.filter((vote) => rule.members.includes(vote.member));
  const approvals = counted.filter((vote) => vote.ballot === 'approve').length;
  const rejections = counted.length - approvals;
  if (approvals >= rule.quorum) return { decided: true, state: 'approved' };
  if (rule.members.length - rejections < rule.quorum) return { decided: true, state: 'rejected' };
  return { decided: false, missing: rule.quorum - approvals };
}
