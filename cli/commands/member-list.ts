import { parseBenchmarkName } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'member list',
  summary: 'List the committee of a benchmark',
  examples: ['strongroom member list digits'],
  arguments: { name: argument('The benchmark', parseBenchmarkName) },
  async run({ arguments: { name } }, context) {
    const { members, quorum } = await (await context.platform()).readBenchmark({ path: { name } });
    return {
      data: { members, quorum },
      ids: members,
      lines: [...members, `${quorum} of them must approve.`],
    };
  },
});
