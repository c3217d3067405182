import { allHandlersFinished, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ReviewActivities } from '../../activities/reviews.ts';
import type { Author } from '../../domain/audit.ts';
import { decide, type AssociationState, type Vote } from '../../domain/association.ts';
import { QUICK } from '../story/activity-options.ts';
import { refusal } from '../story/refusal.ts';
import { Story } from '../story/story.ts';
import {
  reviewStatusQuery,
  voteUpdate,
  withdrawUpdate,
  type ReviewAssociationInput,
  type ReviewStatus,
  type VoteRequest,
} from './contract.ts';

const { recordVote, concludeReview, remindMembers } = proxyActivities<ReviewActivities>(QUICK);

const HOUR = 3_600_000;

/** Waits for the committee: a quorum approves, a lost quorum rejects, the deadline expires the request. */
export async function reviewAssociation(input: ReviewAssociationInput): Promise<ReviewStatus> {
  const review = new Review(input);
  setHandler(reviewStatusQuery, () => review.status());
  setHandler(voteUpdate, (request, author) => review.vote(request, author), {
    validator: (request: VoteRequest, _author?: Author) => {
      review.checkVote(request);
    },
  });
  setHandler(withdrawUpdate, (request, author) => review.withdraw(request.reason, author), {
    validator: (_withdrawal: unknown, _author?: Author) => {
      review.checkOpen();
    },
  });
  await review.untilDecided();
  await condition(allHandlersFinished);
  return review.status();
}

class Review {
  readonly #input: ReviewAssociationInput;
  readonly #story: Story;
  readonly #votes: Vote[] = [];
  /** Members whose vote is being written down: a second one of theirs is refused meanwhile. */
  readonly #voting = new Set<string>();
  #withdrawal: { readonly reason: string; readonly author: Author | undefined } | null = null;
  #state: AssociationState = 'requested';
  #reason: string | null = null;

  constructor(input: ReviewAssociationInput) {
    this.#input = input;
    this.#story = new Story({ container: input.subject, benchmark: input.benchmark });
  }

  status(): ReviewStatus {
    const { rule, deadline } = this.#input;
    return {
      state: this.#state,
      votes: this.#votes,
      quorum: rule.quorum,
      approvals: this.#votes.filter((vote) => vote.ballot === 'approve').length,
      waitingFor: rule.members.filter((member) => !this.#votes.some((vote) => vote.member === member)),
      deadline,
      reason: this.#reason,
    };
  }

  checkOpen(): void {
    if (this.#state === 'expired' || Date.now() >= Date.parse(this.#input.deadline)) {
      throw refusal('E_DEADLINE_PASSED', 'The time for votes on this request is over.', {
        why: `It ended at ${this.#input.deadline}.`,
        next: 'Its owner can ask again.',
      });
    }
    if (this.#state !== 'requested' || this.#withdrawal !== null || decide(this.#input.rule, this.#votes).decided) {
      throw refusal('E_ALREADY_DECIDED', `This request is ${this.#state} already.`, { why: this.#reason ?? undefined });
    }
  }

  checkVote({ member, ballot, reason }: VoteRequest): void {
    if (!this.#input.rule.members.includes(member)) {
      throw refusal('E_NOT_A_MEMBER', `${member} is not on the committee of ${this.#input.benchmark}.`);
    }
    this.checkOpen();
    if (this.#voting.has(member) || this.#votes.some((vote) => vote.member === member)) {
      throw refusal('E_ALREADY_VOTED', `${member} has voted on this request already.`, {
        why: 'A member has one vote.',
      });
    }
    if (ballot === 'reject' && reason.trim() === '') {
      throw refusal('E_INVALID_REQUEST', 'A rejection needs a reason.', { next: 'Say what the owner should change.' });
    }
  }

  async vote(request: VoteRequest, author: Author | undefined): Promise<ReviewStatus> {
    this.#voting.add(request.member);
    try {
      await recordVote.executeWithOptions({ summary: `Vote of ${request.member}` }, [
        { association: this.#input.association, ...request, author },
      ]);
      this.#votes.push(request);
    } finally {
      this.#voting.delete(request.member);
    }
    if (decide(this.#input.rule, this.#votes).decided) await condition(() => this.#state !== 'requested');
    return this.status();
  }

  async withdraw(reason: string, author: Author | undefined): Promise<ReviewStatus> {
    this.#withdrawal = { reason, author };
    await condition(() => this.#state !== 'requested');
    return this.status();
  }

  async untilDecided(): Promise<void> {
    const verdict = await this.#awaitVerdict();
    await this.#story.step(`Record that the request is ${verdict.state}`, concludeReview, [
      { association: this.#input.association, ...verdict },
    ]);
    this.#reason = verdict.reason;
    this.#state = verdict.state;
    this.#story.rest(verdict.state, null);
  }

  async #awaitVerdict(): Promise<{ state: AssociationState; reason: string; author?: Author | undefined }> {
    for (;;) {
      const { members, quorum } = this.#input.rule;
      this.#story.rest('Committee decides', `committee of ${this.#input.benchmark}`);
      const remaining = Date.parse(this.#input.deadline) - Date.now();
      const patience = Math.min(remaining, this.#input.reminderHours * HOUR);
      const settled = await condition(() => this.#verdictInSight(), Math.max(patience, 1), {
        summary: patience < remaining ? 'Until the next reminder' : 'Until the deadline',
      });
      if (this.#withdrawal !== null) return { state: 'closed', ...this.#withdrawal };
      const verdict = decide(this.#input.rule, this.#votes);
      if (verdict.decided) {
        const approvals = this.#votes.filter((vote) => vote.ballot === 'approve').length;
        return { state: verdict.state, reason: `${approvals} of ${members.length} approve, ${quorum} needed` };
      }
      if (!settled && Date.now() >= Date.parse(this.#input.deadline)) {
        return { state: 'expired', reason: `No decision by ${this.#input.deadline}` };
      }
      const { association, benchmark, subject, deadline } = this.#input;
      await remindMembers({ association, benchmark, subject, deadline, members: this.status().waitingFor });
    }
  }

  /** A vote that is being written down holds the deadline back: whoever voted in time gets counted. */
  #verdictInSight(): boolean {
    return this.#voting.size === 0 && (this.#withdrawal !== null || decide(this.#input.rule, this.#votes).decided);
  }
}
