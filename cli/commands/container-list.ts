import { formatBytes } from '../../domain/format-bytes.ts';
import { parseBenchmarkName } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'container list',
  summary: 'List your containers',
  examples: ['strongroom container list', 'strongroom container list --benchmark digits'],
  options: { benchmark: option('NAME', 'Only those that this benchmark was asked to accept', parseBenchmarkName) },
  async run({ options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listContainers({ query: { ...filter, ...page } }));
    const rows = items.map((one) => [
      one.name,
      formatBytes(one.archive.size),
      moment(one.registeredAt),
      one.imageDigest,
    ]);
    return {
      data: { items },
      ids: items.map(({ name }) => name),
      lines: table(['name', 'archive', 'registered', 'image'], rows, 'There are no containers.'),
    };
  },
});
