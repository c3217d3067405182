import { parseBenchmarkName, parseHandle } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'member add',
  summary: 'Take an account into the committee of a benchmark',
  examples: ['strongroom member add digits frank'],
  details:
    'For members of the committee. Whoever is added votes on everything that is undecided, and all are told by mail.',
  arguments: { name: argument('The benchmark', parseBenchmarkName), member: argument('Whose handle', parseHandle) },
  async run({ arguments: { name, member } }, context) {
    const benchmark = await (await context.platform()).addMember({ path: { name }, body: { member } });
    return { data: { benchmark }, ids: [member], lines: [`The committee of ${name}: ${benchmark.members.join(', ')}`] };
  },
});
