import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'token revoke',
  summary: 'Revoke a personal access token',
  examples: ['strongroom token revoke 5f0c1f62'],
  arguments: { id: argument('The id that `strongroom token list` shows') },
  async run({ arguments: { id } }, context) {
    await (await context.platform()).deleteToken({ path: { id } });
    return { data: { id }, ids: [id], lines: [`The token ${id} is revoked.`] };
  },
});
