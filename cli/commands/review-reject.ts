import { parseAssociationId } from '../../domain/ids.ts';
import { reviewLines } from '../review-lines.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'review reject',
  summary: 'Vote against a request',
  examples: ['strongroom review reject 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --reason "the test ran on old data"'],
  details: 'For members of the committee. A vote can be changed until the request is decided.',
  arguments: { id: argument('The id that `strongroom review list` shows', parseAssociationId) },
  options: { reason: requiredOption('TEXT', 'Why, for the one who asks') },
  async run({ arguments: { id }, options: { reason } }, context) {
    const platform = await context.platform();
    const review = await platform.castVote({ path: { id }, body: { ballot: 'reject', reason: reason } });
    return { data: { id, review }, ids: [id], lines: reviewLines(review) };
  },
});
