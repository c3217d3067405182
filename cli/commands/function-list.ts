import { FUNCTION_STATES } from '../../domain/function.ts';
import { parseFunctionName } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { moment, table } from '../table.ts';
import { parseChoice } from '../values.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'function list',
  summary: 'List your deployed functions',
  examples: ['strongroom function list', 'strongroom function list --name digits --state ready'],
  options: {
    name: option('NAME', 'Only the versions of one function', parseFunctionName),
    state: option('STATE', `One of: ${FUNCTION_STATES.join(', ')}`, parseChoice(FUNCTION_STATES)),
  },
  async run({ options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listFunctions({ query: { ...filter, ...page } }));
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
