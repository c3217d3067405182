import { isUndecided } from '../../domain/association.ts';
import { parseAssociationId } from '../../domain/ids.ts';
import { associationLines } from '../review-lines.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'review show',
  summary: 'Show a request, its votes and whom it waits for',
  examples: ['strongroom review show 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b'],
  watchable: true,
  arguments: { id: argument('The id that `strongroom review list` shows', parseAssociationId) },
  async run({ arguments: { id } }, context) {
    const association = await (await context.platform()).readAssociation({ path: { id } });
    return {
      data: { association },
      ids: [association.id],
      lines: associationLines(association),
      settled: !isUndecided(association.state),
    };
  },
});
