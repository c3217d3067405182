import { parseHandle } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { table } from '../table.ts';
import { parseChoice } from '../values.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'benchmark list',
  summary: 'List the benchmarks',
  examples: ['strongroom benchmark list', 'strongroom benchmark list --state open --member ann'],
  options: {
    state: option('STATE', 'open or closed', parseChoice(['open', 'closed'] as const)),
    member: option('HANDLE', 'Only those on whose committee this account sits', parseHandle),
  },
  async run({ options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listBenchmarks({ query: { ...filter, ...page } }));
    const rows = items.map((one) => [one.name, one.state, one.owner, `${one.quorum} of ${one.members.length}`]);
    return {
      data: { items },
      ids: items.map(({ name }) => name),
      lines: table(['name', 'state', 'owner', 'approvals'], rows, 'There are no benchmarks.'),
    };
  },
});
