import { defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'invitation list',
  summary: 'List invitations to your containers, and those by your committees',
  examples: ['strongroom invitation list'],
  details: 'To follow one: strongroom container associate NAME --benchmark BENCHMARK',
  async run(_given, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listInvitations({ query: page }));
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
