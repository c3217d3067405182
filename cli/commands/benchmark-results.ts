import { formatContainerRef, parseBenchmarkName, parseContainerRef } from '../../domain/ids.ts';
import { argument, defineCommand, option } from '../command.ts';
import { periodOptions } from '../period.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'benchmark results',
  summary: 'List the results of a benchmark',
  examples: [
    'strongroom benchmark results digits',
    'strongroom benchmark results digits --container alice/model --from 30d',
  ],
  watchable: true,
  details: 'Its committee sees all of them, everyone else the own ones.',
  arguments: { name: argument('The benchmark', parseBenchmarkName) },
  options: {
    container: option('OWNER/NAME', 'Only those of one container', (text) =>
      formatContainerRef(parseContainerRef(text)),
    ),
    ...periodOptions,
  },
  async run({ arguments: { name }, options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listResults({ path: { name }, query: { ...filter, ...page } }));
    const rows = items.map((result) => [
      `${result.container.owner}/${result.container.name}`,
      `${result.dataset.owner}/${result.dataset.name}`,
      moment(result.submittedAt),
      JSON.stringify(result.metrics),
    ]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['container', 'dataset', 'submitted', 'metrics'], rows, 'There are no results.'),
    };
  },
});
