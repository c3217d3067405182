import { defineCommand } from '../command.ts';
import { moment, table } from '../table.ts';

export const command = defineCommand({
  name: 'function list',
  summary: 'List your deployed functions',
  examples: ['strongroom function list', 'strongroom function list --json'],
  async run(_given, context) {
    const { items } = await (await context.platform()).listFunctions();
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
