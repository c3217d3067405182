import { parseAssociationId } from '../../domain/ids.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';
import { reviewLines } from '../review-lines.ts';

export const command = defineCommand({
  name: 'review request-changes',
  summary: 'Give a request back to its owner, who submits it again',
  examples: [
    'strongroom review request-changes 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --reason "please test on the new cases"',
  ],
  details: 'For members of the committee. One such vote is enough; the votes on the next submission begin anew.',
  arguments: { id: argument('The id that `strongroom review list` shows', parseAssociationId) },
  options: { reason: requiredOption('TEXT', 'What the owner should change') },
  async run({ arguments: { id }, options: { reason } }, context) {
    const platform = await context.platform();
    const review = await platform.castVote({ path: { id }, body: { ballot: 'request-changes', reason } });
    return { data: { id, review }, ids: [id], lines: reviewLines(review) };
  },
});
