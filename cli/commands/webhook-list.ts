import { defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';

export const command = defineCommand({
  name: 'webhook list',
  summary: 'List your webhooks',
  examples: ['strongroom webhook list'],
  async run(_given, context) {
    const { items } = await (await context.platform()).listWebhooks();
    const rows = items.map((one) => [
      one.id,
      one.url,
      one.events.length === 0 ? 'all' : one.events.join(', '),
      stateOf(one.disabledBecause, moment(one.failingSince)),
    ]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['id', 'url', 'events', 'state'], rows, 'There are no webhooks.'),
    };
  },
});

function stateOf(disabledBecause: string | null, failingSince: string | null): string {
  if (disabledBecause !== null) return `off: ${disabledBecause}`;
  return failingSince === null ? 'on' : `fails since ${failingSince}`;
}
