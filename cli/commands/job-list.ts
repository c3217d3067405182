import { defineCommand } from '../command.ts';
import { progressOf } from '../jobs.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'job list',
  summary: 'List your jobs',
  examples: ['strongroom job list'],
  watchable: true,
  async run(_given, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listJobs({ query: page }));
    const rows = items.map((job) => [job.id, job.functionName, job.state, progressOf(job), moment(job.createdAt)]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['Id', 'Function', 'State', 'Items', 'Begun'], rows, 'No jobs.'),
    };
  },
});
