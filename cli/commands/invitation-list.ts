import { parseBenchmarkName } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'invitation list',
  summary: 'List invitations to your containers, and those by your committees',
  examples: ['strongroom invitation list', 'strongroom invitation list --benchmark digits'],
  details: 'To follow one: strongroom container associate NAME --benchmark BENCHMARK',
  options: { benchmark: option('NAME', 'Only those of one benchmark', parseBenchmarkName) },
  async run({ options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listInvitations({ query: { ...filter, ...page } }));
    const refs = items.map(({ container }) => `${container.owner}/${container.name}`);
    const rows = items.map((one, index) => [
      refs[index] ?? null,
      one.benchmark,
      one.invitedBy,
      moment(one.invitedAt),
      one.reason,
      one.association ?? 'not yet',
    ]);
    const header = ['container', 'benchmark', 'invited by', 'at', 'reason', 'request'];
    return { data: { items }, ids: refs, lines: table(header, rows, 'There are no invitations.') };
  },
});
