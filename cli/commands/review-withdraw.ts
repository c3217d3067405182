import { parseAssociationId } from '../../domain/ids.ts';
import { reviewLines } from '../review-lines.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'review withdraw',
  summary: 'Take an undecided request of yours back',
  examples: ['strongroom review withdraw 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --reason "a better model follows"'],
  arguments: { id: argument('The id that `strongroom review list` shows', parseAssociationId) },
  options: { reason: requiredOption('TEXT', 'Why, for the committee') },
  async run({ arguments: { id }, options: { reason } }, context) {
    const review = await (await context.platform()).withdrawAssociation({ path: { id }, body: { reason } });
    return { data: { id, review }, ids: [id], lines: reviewLines(review) };
  },
});
