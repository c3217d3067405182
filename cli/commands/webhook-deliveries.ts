import { argument, defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';

export const command = defineCommand({
  name: 'webhook deliveries',
  summary: 'Show what was sent to a webhook, and how it was answered',
  examples: ['strongroom webhook deliveries 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b'],
  details: 'The newest hundred.',
  watchable: true,
  arguments: { id: argument('The id that `strongroom webhook list` shows') },
  async run({ arguments: { id } }, context) {
    const { items } = await (await context.platform()).listWebhookDeliveries({ path: { id } });
    const rows = items.map(({ id: delivery, type, state, createdAt, attempts }) => {
      const last = attempts.at(-1);
      return [delivery, type, state, moment(createdAt), attempts.length, last?.failure ?? last?.status ?? null];
    });
    const header = ['id', 'event', 'state', 'since', 'attempts', 'last answer'];
    return {
      data: { items },
      ids: items.map((delivery) => delivery.id),
      lines: table(header, rows, 'Nothing was sent yet.'),
    };
  },
});
