import { parseJobId } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';
import { describeJob } from '../jobs.ts';

export const command = defineCommand({
  name: 'job pause',
  summary: 'Pause a job',
  examples: ['strongroom job pause 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b'],
  arguments: { id: argument('The id that `strongroom job list` shows', parseJobId) },
  async run({ arguments: { id } }, context) {
    return describeJob(await (await context.platform()).pauseJob({ path: { id } }));
  },
});
