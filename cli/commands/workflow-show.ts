import { argument, defineCommand } from '../command.ts';
import { showWork } from '../show-work.ts';

export const command = defineCommand({
  name: 'workflow show',
  summary: 'Show how a piece of work goes',
  examples: ['strongroom workflow show container/alice/digits-model'],
  watchable: true,
  arguments: { id: argument('Its id, as the command that started it says') },
  run: ({ arguments: { id } }, context) => showWork(context, id),
});
