/** The review's effects: votes and decisions in the database, and mails to those concerned. */
import { activityInfo } from '@temporalio/activity';
import { THE_PLATFORM, type Author } from '../domain/audit.ts';
import type { Ballot, ReviewStanding } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, Handle } from '../domain/ids.ts';
import { listMailAddresses } from '../storage/accounts.ts';
import { actingAs } from '../storage/audit.ts';
import { decideAssociation } from '../storage/decisions.ts';
import { findRequester } from '../storage/reviews.ts';
import { sendMailOnce } from '../storage/sent-mails.ts';
import { readStanding, recordVote } from '../storage/votes.ts';
import type { Platform } from './platform.ts';
import { announcementMail, reminderMail, type Announcement, type ReviewSubject } from './review-mails.ts';

export interface ReviewActivities {
  readReview(association: AssociationId): Promise<ReviewStanding>;
  recordVote(vote: {
    readonly association: AssociationId;
    readonly member: Handle;
    readonly ballot: Ballot;
    readonly reason: string;
    readonly author?: Author | undefined;
  }): Promise<ReviewStanding>;
  /** Answers with how it stands, which is otherwise where another decision came first. */
  concludeReview(conclusion: {
    readonly association: AssociationId;
    readonly state: 'expired' | 'closed';
    readonly reason: string;
    /** Whoever decided it alone; the platform where the deadline did. */
    readonly author?: Author | undefined;
  }): Promise<ReviewStanding>;
  /** Mails whoever must act, or the owner and the committee once it is decided. */
  announceReview(announcement: Announcement): Promise<void>;
  remindMembers(reminder: ReviewSubject): Promise<void>;
}

export function createReviewActivities({ db, sendMail }: Pick<Platform, 'db' | 'sendMail'>): ReviewActivities {
  return {
    readReview: (association) => readStanding(db, association),

    recordVote({ author, ...vote }) {
      const voter = author ?? { ...THE_PLATFORM, account: vote.member };
      return actingAs(voter, () => db.transaction().execute((trx) => recordVote(trx, vote)));
    },

    async concludeReview({ association, state, reason, author = THE_PLATFORM }) {
      try {
        await actingAs(author, () =>
          db.transaction().execute((trx) => decideAssociation(trx, association, state, reason)),
        );
      } catch (error) {
        if (!(error instanceof StrongroomError) || error.code !== 'E_ALREADY_DECIDED') throw error;
      }
      return readStanding(db, association);
    },

    async announceReview(announcement) {
      const { owner, invitedBy } = await findRequester(db, announcement.association);
      for (const to of await listMailAddresses(db, audienceOf(announcement, owner))) {
        await sendMailOnce(db, sendMail, occasion(), { to, ...announcementMail(announcement, invitedBy) });
      }
    },

    async remindMembers(reminder) {
      for (const to of await listMailAddresses(db, reminder.members)) {
        await sendMailOnce(db, sendMail, occasion(), { to, ...reminderMail(reminder) });
      }
    },
  };
}

/** The same each time that one step of a review is tried. */
function occasion(): string {
  const { workflowExecution, activityId } = activityInfo();
  return `${workflowExecution?.workflowId ?? ''} ${workflowExecution?.runId ?? ''} ${activityId}`;
}

function audienceOf({ state, members }: Announcement, owner: Handle): readonly Handle[] {
  if (state === 'requested') return members;
  if (state === 'changes-requested') return [owner];
  return [owner, ...members];
}
