import { parseBenchmarkName, parseHandle } from '../../domain/ids.ts';
import { ASSOCIATION_STATES } from '../../domain/association.ts';
import { defineCommand, flag, option } from '../command.ts';
import { periodOptions } from '../period.ts';
import { table } from '../table.ts';
import { parseChoice } from '../values.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'review list',
  summary: 'List your requests, and those to your committees',
  examples: ['strongroom review list', 'strongroom review list --benchmark digits --state requested --until 7d'],
  watchable: true,
  options: {
    benchmark: option('NAME', 'Only those of one benchmark', parseBenchmarkName),
    state: option('STATE', `One of: ${ASSOCIATION_STATES.join(', ')}`, parseChoice(ASSOCIATION_STATES)),
    kind: option('KIND', 'container or dataset', parseChoice(['container', 'dataset'] as const)),
    owner: option('HANDLE', 'Only those of one owner', parseHandle),
    ...periodOptions,
    mine: flag('Only your own requests'),
  },
  async run({ options: { mine, ...filter } }, context) {
    const platform = await context.platform();
    const query = { ...filter, ...(mine && { mine }) };
    const items = await everyItem((page) => platform.listAssociations({ query: { ...query, ...page } }));
    const rows = items.map((one) => [
      one.id,
      one.kind,
      `${one.owner}/${one.name}`,
      one.benchmark,
      one.state,
      `${one.approvals} of ${one.quorum}`,
      one.waitingOn.join(', '),
    ]);
    const header = ['id', 'kind', 'subject', 'benchmark', 'state', 'approvals', 'waiting for'];
    return { data: { items }, ids: items.map(({ id }) => id), lines: table(header, rows, 'There are no requests.') };
  },
});
