/** A committee and its benchmark in memory: what the platform's database does for a review, by the same rule. */
import { ApplicationFailure } from '@temporalio/common';
import type { Announcement } from '../../activities/review-mails.ts';
import type { ReviewActivities } from '../../activities/reviews.ts';
import { decide, type ReviewStanding } from '../../domain/association.ts';
import { parseHandle } from '../../domain/ids.ts';

export interface Committee {
  readonly votes: string[];
  readonly conclusions: { readonly state: string; readonly reason: string }[];
  readonly announcements: Announcement[];
  readonly reminders: (readonly string[])[];
  readonly activities: ReviewActivities;
  /** What happens to the request elsewhere: a new submission, another committee. */
  change(changes: Partial<ReviewStanding>): void;
}

export function committeeOf(names: readonly string[], quorum: number, deadline: () => string): Committee {
  let standing: ReviewStanding = {
    revision: 1,
    state: 'requested',
    submission: 1,
    rule: { members: names.map(parseHandle), quorum },
    votes: [],
    deadline: deadline(),
    reason: null,
  };
  const committee: Committee = {
    votes: [],
    conclusions: [],
    announcements: [],
    reminders: [],
    change: (changes) => {
      standing = { ...standing, ...changes, revision: standing.revision + 1 };
    },
    activities: {
      readReview: async () => standing,
      recordVote: async ({ member, ballot, reason }) => {
        if (!standing.rule.members.includes(member)) throw refused('E_NOT_A_MEMBER');
        if (standing.state !== 'requested') throw refused('E_ALREADY_DECIDED');
        committee.votes.push(`${member} ${ballot}`);
        const others = standing.votes.filter((vote) => vote.member !== member);
        committee.change({ votes: [...others, { member, ballot, reason }] });
        const verdict = decide(standing.rule, standing.votes);
        if (verdict.decided) committee.change({ state: verdict.state, reason: verdict.reason });
        return standing;
      },
      concludeReview: async ({ state, reason }) => {
        committee.conclusions.push({ state, reason });
        committee.change({ state, reason });
        return standing;
      },
      announceReview: async (announcement) => void committee.announcements.push(announcement),
      remindMembers: async ({ members }) => void committee.reminders.push(members),
    },
  };
  return committee;
}

const refused = (type: string) => ApplicationFailure.create({ type, message: type, nonRetryable: true });
