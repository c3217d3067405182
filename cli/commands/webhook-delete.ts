import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'webhook delete',
  summary: 'Delete a webhook with its log',
  examples: ['strongroom webhook delete 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b'],
  arguments: { id: argument('The id that `strongroom webhook list` shows') },
  async run({ arguments: { id } }, context) {
    await (await context.platform()).deleteWebhook({ path: { id } });
    return { data: { id }, ids: [id], lines: [`The webhook ${id} is deleted.`] };
  },
});
