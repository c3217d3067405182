import { JOB_STATES } from '../../domain/job.ts';
import { defineCommand, option } from '../command.ts';
import { progressOf } from '../jobs.ts';
import { periodOptions } from '../period.ts';
import { moment, table } from '../table.ts';
import { parseChoice } from '../values.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'job list',
  summary: 'List your jobs',
  examples: ['strongroom job list', 'strongroom job list --state running'],
  watchable: true,
  options: {
    state: option('STATE', `One of: ${JOB_STATES.join(', ')}`, parseChoice(JOB_STATES)),
    ...periodOptions,
  },
  async run({ options: filter }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listJobs({ query: { ...filter, ...page } }));
    const rows = items.map((job) => [job.id, job.functionName, job.state, progressOf(job), moment(job.createdAt)]);
    return {
      data: { items },
      ids: items.map(({ id }) => id),
      lines: table(['Id', 'Function', 'State', 'Items', 'Begun'], rows, 'No jobs.'),
    };
  },
});
