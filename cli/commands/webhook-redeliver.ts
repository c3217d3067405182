import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'webhook redeliver',
  summary: 'Send something to a webhook again',
  examples: ['strongroom webhook redeliver 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b 5f0c1f62-7a0e-4d7e-9f5e-1c2d3e4f5a6b'],
  details: 'At once, also what waits for another attempt. The receiver knows it by the same webhook-id.',
  arguments: {
    id: argument('The id that `strongroom webhook list` shows'),
    delivery: argument('The id that `strongroom webhook deliveries` shows'),
  },
  async run({ arguments: { id, delivery } }, context) {
    await (await context.platform()).redeliverWebhook({ path: { id, delivery } });
    return { data: { id, delivery }, ids: [delivery], lines: [`${delivery} is sent again.`] };
  },
});
