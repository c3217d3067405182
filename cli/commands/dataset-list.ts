import { formatBytes } from '../../domain/format-bytes.ts';
import { parseBenchmarkName } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'dataset list',
  summary: 'List your datasets',
  examples: ['strongroom dataset list', 'strongroom dataset list --benchmark digits'],
  options: { benchmark: option('NAME', 'Only those that this benchmark was asked to accept', parseBenchmarkName) },
  async run({ options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listDatasets({ query: { ...filter, ...page } }));
    const rows = items.map((one) => [one.name, one.files, formatBytes(one.size), moment(one.registeredAt), one.sha256]);
    return {
      data: { items },
      ids: items.map(({ name }) => name),
      lines: table(['name', 'files', 'size', 'registered', 'sha256'], rows, 'There are no datasets.'),
    };
  },
});
