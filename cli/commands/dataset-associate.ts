import { parseBenchmarkName, parseDatasetName } from '../../domain/ids.ts';
import { associationLines } from '../review-lines.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'dataset associate',
  summary: "Ask a benchmark's committee to accept a dataset",
  examples: ['strongroom dataset associate wards --benchmark digits'],
  details: 'Once it is approved, the owners of containers in the benchmark may grant you access.',
  arguments: { name: argument('The dataset', parseDatasetName) },
  options: { benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName) },
  async run({ arguments: { name }, options: { benchmark } }, context) {
    const platform = await context.platform();
    const association = await platform.requestAssociation({ body: { kind: 'dataset', name, benchmark } });
    return { data: { association }, ids: [association.id], lines: associationLines(association) };
  },
});
