import { defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'token list',
  summary: 'List your personal access tokens',
  examples: ['strongroom token list'],
  async run(_given, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listTokens({ query: page }));
    const rows = items.map((token) => [
      token.id,
      token.name,
      `${token.start}…`,
      token.scopes.join(' '),
      moment(token.lastUsedAt),
      moment(token.expiresAt),
    ]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['id', 'name', 'token', 'scopes', 'last used', 'expires'], rows, 'There are no tokens.'),
    };
  },
});
