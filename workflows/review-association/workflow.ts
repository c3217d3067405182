import { allHandlersFinished, condition, setHandler } from '@temporalio/workflow';
import type { Author } from '../../domain/audit.ts';
import {
  reviewNewsSignal,
  reviewStatusQuery,
  voteUpdate,
  withdrawUpdate,
  type ReviewAssociationInput,
  type ReviewStatus,
  type VoteRequest,
} from './contract.ts';
import { Review } from './review.ts';

/**
 * Waits for the committee. The platform's database decides, in the transaction of the vote that decides; this story
 * carries the votes there, minds reminders and the deadline, and tells everyone concerned.
 */
export async function reviewAssociation(input: ReviewAssociationInput): Promise<ReviewStatus> {
  const review = new Review(input);
  setHandler(reviewStatusQuery, () => review.status());
  setHandler(reviewNewsSignal, () => {
    review.hearNews();
  });
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
