import { EVENT_TYPES } from '../../domain/platform-event.ts';
import { WEBHOOK_DELIVERY_STATES } from '../../domain/webhook.ts';
import { argument, defineCommand, option } from '../command.ts';
import { periodOptions } from '../period.ts';
import { moment, table } from '../table.ts';
import { parseChoice } from '../values.ts';

export const command = defineCommand({
  name: 'webhook deliveries',
  summary: 'Show what was sent to a webhook, and how it was answered',
  examples: [
    'strongroom webhook deliveries 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b',
    'strongroom webhook deliveries 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --state failed --from 2d',
  ],
  details: 'The newest hundred.',
  watchable: true,
  arguments: { id: argument('The id that `strongroom webhook list` shows') },
  options: {
    state: option('STATE', `One of: ${WEBHOOK_DELIVERY_STATES.join(', ')}`, parseChoice(WEBHOOK_DELIVERY_STATES)),
    event: option('EVENT', 'Only events of one type', parseChoice(EVENT_TYPES)),
    ...periodOptions,
  },
  async run({ arguments: { id }, options: { event: type, ...filter } }, context) {
    const { items } = await (
      await context.platform()
    ).listWebhookDeliveries({ path: { id }, query: { ...filter, type } });
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
