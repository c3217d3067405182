import { defineCommand } from '../command.ts';
import { table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'benchmark list',
  summary: 'List the benchmarks',
  examples: ['strongroom benchmark list'],
  async run(_given, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listBenchmarks({ query: page }));
    const rows = items.map((one) => [one.name, one.state, one.owner, `${one.quorum} of ${one.members.length}`]);
    return {
      data: { items },
      ids: items.map(({ name }) => name),
      lines: table(['name', 'state', 'owner', 'approvals'], rows, 'There are no benchmarks.'),
    };
  },
});
