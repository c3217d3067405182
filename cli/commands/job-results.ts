import { parseJobId } from '../../domain/ids.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';
import { writeResults } from '../jobs.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'job results',
  summary: 'Fetch, check and decrypt the results of a job',
  examples: ['strongroom job results 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --out results.jsonl'],
  details:
    'They open on the machine on which the job was started only. Before the job has ended this writes what is there. ' +
    'The exit code is 1 where an item has no answer; once the job has ended, its line says why.',
  arguments: { id: argument('The id that `strongroom job list` shows', parseJobId) },
  options: { out: requiredOption('FILE', 'Where the results go, one JSON value a line', parsePath) },
  async run({ arguments: { id }, options: { out } }, context) {
    return writeResults(context, await (await context.platform()).readJob({ path: { id } }), out);
  },
});
