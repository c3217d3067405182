/** The mails of a review. */
import type { AssociationState } from '../domain/association.ts';
import type { AssociationId, BenchmarkName, Handle } from '../domain/ids.ts';
import type { Mail } from '../storage/mail.ts';

export interface ReviewSubject {
  readonly association: AssociationId;
  readonly benchmark: BenchmarkName;
  /** `alice/digits-model` or `dataset bob/wards`. */
  readonly subject: string;
  /** ISO 8601. */
  readonly deadline: string;
  readonly members: readonly Handle[];
}

export interface Announcement extends ReviewSubject {
  readonly state: AssociationState;
  readonly submission: number;
  readonly reason: string | null;
}

type Words = Omit<Mail, 'to'>;

const howToVote = ({ association, deadline }: ReviewSubject): readonly string[] => [
  `Without a decision it expires at ${deadline}.`,
  '',
  `strongroom review show ${association}`,
  `strongroom review approve ${association}`,
  `strongroom review reject ${association} --reason "…"`,
  `strongroom review request-changes ${association} --reason "…"`,
];

export const reminderMail = (review: ReviewSubject): Words => ({
  subject: `${review.benchmark}: a request waits for your vote`,
  text: [
    `${review.subject} asks for an association with the benchmark ${review.benchmark}, and you have not voted.`,
    ...howToVote(review),
  ].join('\n'),
});

/** Of a request to those who vote, of wanted changes to its owner, of a decision to all. */
export function announcementMail(review: Announcement, invitedBy: Handle | null): Words {
  const { benchmark, subject, state, submission, reason, association } = review;
  if (state === 'requested') {
    return {
      subject: `${benchmark}: ${subject} waits for your vote`,
      text: [
        submission === 1
          ? `${subject} asks for an association with the benchmark ${benchmark}.`
          : `${subject} was submitted again to the benchmark ${benchmark}, with a new test (submission ${submission}).`,
        ...(invitedBy === null ? [] : [`${invitedBy} invited it.`]),
        ...howToVote(review),
      ].join('\n'),
    };
  }
  if (state === 'changes-requested') {
    return {
      subject: `${benchmark}: changes are asked for in ${subject}`,
      text: [
        reason ?? '',
        '',
        'Submit it again once that is done: strongroom container associate, or strongroom dataset associate.',
        `Otherwise it expires at ${review.deadline}.`,
        '',
        `strongroom review show ${association}`,
      ].join('\n'),
    };
  }
  return {
    subject: `${benchmark}: ${subject} is ${state}`,
    text: [reason ?? '', '', `strongroom review show ${association}`].join('\n'),
  };
}
