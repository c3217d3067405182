import { parseAssociationId } from '../../domain/ids.ts';
import { reviewLines } from '../review-lines.ts';
import { argument, defineCommand, option } from '../command.ts';

export const command = defineCommand({
  name: 'review approve',
  summary: 'Vote for a request',
  examples: ['strongroom review approve 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --reason "the scores are plausible"'],
  details: 'For members of the committee. A vote can be changed until the request is decided.',
  arguments: { id: argument('The id that `strongroom review list` shows', parseAssociationId) },
  options: { reason: option('TEXT', 'What you want to say to it') },
  async run({ arguments: { id }, options: { reason } }, context) {
    const platform = await context.platform();
    const review = await platform.castVote({ path: { id }, body: { ballot: 'approve', reason: reason ?? '' } });
    return { data: { id, review }, ids: [id], lines: reviewLines(review) };
  },
});
