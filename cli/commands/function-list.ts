import { defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'function list',
  summary: 'List your deployed functions',
  examples: ['strongroom function list', 'strongroom function list --json'],
  async run(_given, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listFunctions({ query: page }));
    const rows = items.map(({ id, name, version, state, public: isPublic, checksum, deployedAt }) => [
      id,
      `${name}@${version}`,
      state,
      isPublic ? 'everyone' : 'you',
      checksum.slice(0, 12),
      moment(deployedAt),
    ]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['Id', 'Name', 'State', 'Callable by', 'Checksum', 'Deployed'], rows, 'No functions deployed.'),
    };
  },
});
