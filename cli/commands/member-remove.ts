import { parseBenchmarkName, parseHandle } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'member remove',
  summary: 'Take a seat on the committee of a benchmark away',
  examples: ['strongroom member remove digits frank'],
  details:
    'For members of the committee, of oneself too. Votes of whoever is removed no longer count on what is undecided. ' +
    'Refused where the rest could not reach the quorum.',
  arguments: { name: argument('The benchmark', parseBenchmarkName), member: argument('Whose handle', parseHandle) },
  async run({ arguments: { name, member } }, context) {
    const benchmark = await (await context.platform()).removeMember({ path: { name, member } });
    return { data: { benchmark }, ids: [member], lines: [`The committee of ${name}: ${benchmark.members.join(', ')}`] };
  },
});
