/** The review's effects: votes and decisions in the database, and mails to those who must act. */
import { THE_PLATFORM, type Author } from '../domain/audit.ts';
import type { AssociationState, Ballot } from '../domain/association.ts';
import type { AssociationId, BenchmarkName, Handle } from '../domain/ids.ts';
import { findAccountByHandle } from '../storage/accounts.ts';
import { actingAs } from '../storage/audit.ts';
import { decideAssociation, recordVote } from '../storage/reviews.ts';
import type { Platform } from './platform.ts';

export interface ReviewActivities {
  recordVote(vote: {
    readonly association: AssociationId;
    readonly member: Handle;
    readonly ballot: Ballot;
    readonly reason: string;
    readonly author?: Author | undefined;
  }): Promise<void>;
  concludeReview(conclusion: {
    readonly association: AssociationId;
    readonly state: AssociationState;
    readonly reason: string;
    /** Whoever decided it alone; the platform where rule and votes did. */
    readonly author?: Author | undefined;
  }): Promise<void>;
  remindMembers(reminder: {
    readonly association: AssociationId;
    readonly benchmark: BenchmarkName;
    readonly subject: string;
    readonly deadline: string;
    readonly members: readonly Handle[];
  }): Promise<void>;
}

export function createReviewActivities({ db, sendMail }: Platform): ReviewActivities {
  return {
    async recordVote({ author, ...vote }) {
      const voter = author ?? { ...THE_PLATFORM, account: vote.member };
      await actingAs(voter, () => db.transaction().execute((trx) => recordVote(trx, vote)));
    },

    async concludeReview({ association, state, reason, author = THE_PLATFORM }) {
      if (state === 'requested') return;
      await actingAs(author, () =>
        db.transaction().execute((trx) => decideAssociation(trx, association, state, reason)),
      );
    },

    async remindMembers({ association, benchmark, subject, deadline, members }) {
      for (const member of members) {
        const account = await findAccountByHandle(db, member);
        if (!account) continue;
        await sendMail({
          to: account.email,
          subject: `${benchmark}: a request waits for your vote`,
          text: [
            `${subject} asks for an association with the benchmark ${benchmark}.`,
            `Without a decision it expires at ${deadline}.`,
            '',
            `strongroom association approve ${association}`,
            `strongroom association reject ${association} --reason "…"`,
          ].join('\n'),
        });
      }
    },
  };
}
