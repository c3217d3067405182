import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'webhook enable',
  summary: 'Switch a webhook on again',
  examples: ['strongroom webhook enable 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b'],
  details:
    'It gets what happens from now on. What failed before it was switched off is in strongroom webhook deliveries, and ' +
    'strongroom webhook redeliver sends it again.',
  arguments: { id: argument('The id that `strongroom webhook list` shows') },
  async run({ arguments: { id } }, context) {
    const webhook = await (await context.platform()).enableWebhook({ path: { id } });
    return { data: { webhook }, ids: [id], lines: [`The webhook ${id} is on: what happens goes to ${webhook.url}.`] };
  },
});
