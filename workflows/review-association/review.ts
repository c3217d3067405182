/** A review while it lasts: where it stands, and what it waits for. */
import { condition, proxyActivities } from '@temporalio/workflow';
import type { ReviewActivities } from '../../activities/reviews.ts';
import type { Author } from '../../domain/audit.ts';
import { isUndecided, type ReviewStanding } from '../../domain/association.ts';
import { QUICK } from '../story/activity-options.ts';
import { refusal } from '../story/refusal.ts';
import { Story } from '../story/story.ts';
import type { ReviewAssociationInput, ReviewStatus, VoteRequest } from './contract.ts';

const { readReview, recordVote, concludeReview, announceReview, remindMembers } =
  proxyActivities<ReviewActivities>(QUICK);

const HOUR = 3_600_000;

export class Review {
  readonly #input: ReviewAssociationInput;
  readonly #story: Story;
  #standing: ReviewStanding;
  /** The state and submission that everyone concerned has heard of. */
  #announced: string | null = null;
  /** Votes and withdrawals that are being written down: they hold the deadline back. */
  #writing = 0;
  #news = true;

  constructor(input: ReviewAssociationInput) {
    const { rule, deadline } = input;
    this.#input = input;
    this.#standing = { revision: 0, state: 'requested', submission: 1, rule, votes: [], deadline, reason: null };
    this.#story = new Story({ container: input.subject, benchmark: input.benchmark });
  }

  status(): ReviewStatus {
    const { rule, votes, ...standing } = this.#standing;
    return {
      state: standing.state,
      submission: standing.submission,
      votes,
      quorum: rule.quorum,
      approvals: votes.filter((vote) => vote.ballot === 'approve').length,
      waitingFor:
        standing.state === 'requested'
          ? rule.members.filter((member) => !votes.some((vote) => vote.member === member))
          : [],
      deadline: standing.deadline,
      reason: standing.reason,
    };
  }

  hearNews(): void {
    this.#news = true;
  }

  checkOpen(): void {
    const { state, deadline, reason } = this.#standing;
    if (state === 'expired' || (isUndecided(state) && Date.now() >= Date.parse(deadline))) {
      throw refusal('E_DEADLINE_PASSED', 'The time for votes on this request is over.', {
        why: `It ended at ${deadline}.`,
        next: 'Its owner can ask again.',
      });
    }
    if (!isUndecided(state)) {
      throw refusal('E_ALREADY_DECIDED', `This request is ${state} already.`, reason === null ? {} : { why: reason });
    }
  }

  /** Membership is checked where the vote is written down: the committee may have changed a moment ago. */
  checkVote({ ballot, reason }: VoteRequest): void {
    this.checkOpen();
    if (ballot !== 'approve' && reason.trim() === '') {
      throw refusal('E_INVALID_REQUEST', 'A vote against a request needs a reason.', {
        next: 'Say what the owner should change.',
      });
    }
  }

  vote(request: VoteRequest, author: Author | undefined): Promise<ReviewStatus> {
    const vote = { association: this.#input.association, ...request, author };
    return this.#write(() => recordVote.executeWithOptions({ summary: `Vote of ${request.member}` }, [vote]));
  }

  async withdraw(reason: string, author: Author | undefined): Promise<ReviewStatus> {
    const { association } = this.#input;
    const status = await this.#write(() => concludeReview({ association, state: 'closed', reason, author }));
    if (status.state !== 'closed') {
      throw refusal('E_ALREADY_DECIDED', `This request is ${status.state} already.`);
    }
    return status;
  }

  async untilDecided(): Promise<void> {
    for (;;) {
      await this.#lookAgain();
      await this.#announceOnce();
      // A vote may have decided meanwhile.
      if (this.#announced !== this.#stage()) continue;
      if (!isUndecided(this.#standing.state)) return;
      const came = await this.#awaitNews();
      if (came) continue;
      // Who is overdue, and until when, may have changed without a word of it getting here.
      this.#news = true;
      await this.#lookAgain();
      if (!isUndecided(this.#standing.state)) continue;
      if (Date.now() >= Date.parse(this.#standing.deadline)) await this.#expire();
      else await this.#remind();
    }
  }

  async #lookAgain(): Promise<void> {
    if (!this.#news) return;
    this.#news = false;
    this.#see(await readReview(this.#input.association));
  }

  /** Answers may overtake one another: the newest standing counts. */
  #see(standing: ReviewStanding): void {
    if (standing.revision >= this.#standing.revision) this.#standing = standing;
  }

  async #write(activity: () => Promise<ReviewStanding>): Promise<ReviewStatus> {
    this.#writing += 1;
    try {
      this.#see(await activity());
    } finally {
      this.#writing -= 1;
    }
    return this.status();
  }

  /** Resolves with `false` once it is time for a reminder, or the deadline has passed and no vote is on its way. */
  async #awaitNews(): Promise<boolean> {
    const remaining = Date.parse(this.#standing.deadline) - Date.now();
    const patience = Math.min(remaining, this.#input.reminderHours * HOUR);
    const came = await condition(() => this.#news || this.#announced !== this.#stage(), Math.max(patience, 1), {
      summary: patience < remaining ? 'Until the next reminder' : 'Until the deadline',
    });
    if (came) return true;
    await condition(() => this.#writing === 0);
    return this.#announced !== this.#stage();
  }

  #stage(): string {
    return `${this.#standing.submission} ${this.#standing.state}`;
  }

  async #announceOnce(): Promise<void> {
    if (this.#announced === this.#stage()) return;
    const { state, submission, deadline, reason, rule } = this.#standing;
    this.#announced = this.#stage();
    const { association, benchmark, subject } = this.#input;
    if (state === 'requested') this.#story.rest('Committee decides', `committee of ${benchmark}`);
    else if (state === 'changes-requested') this.#story.rest('Owner submits again', `owner of ${subject}`);
    else this.#story.rest(state, null);
    const { members } = rule;
    const announcement = { association, benchmark, subject, state, submission, deadline, reason, members };
    await announceReview.executeWithOptions({ summary: `Tell that it is ${state}` }, [announcement]);
  }

  async #remind(): Promise<void> {
    const { association, benchmark, subject } = this.#input;
    if (this.#standing.state !== 'requested') return;
    const { deadline, waitingFor: members } = this.status();
    await remindMembers({ association, benchmark, subject, deadline, members });
  }

  async #expire(): Promise<void> {
    const { association } = this.#input;
    const reason = `No decision by ${this.#standing.deadline}`;
    this.#see(await concludeReview({ association, state: 'expired', reason }));
  }
}
