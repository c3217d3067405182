import { parseBenchmarkName, parseDatasetName } from '../../domain/ids.ts';
import { associationLines } from '../review-lines.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';
import { findAssociation } from '../find-association.ts';

export const command = defineCommand({
  name: 'dataset withdraw',
  summary: 'Take a dataset out of a benchmark, and end your access there',
  examples: ['strongroom dataset withdraw wards --benchmark digits --reason "The consent of two patients ended."'],
  details: 'While another dataset of yours is approved in the benchmark, your access stays.',
  arguments: { name: argument('The dataset', parseDatasetName) },
  options: {
    benchmark: requiredOption('NAME', 'The benchmark', parseBenchmarkName),
    reason: requiredOption('TEXT', 'Why, for the committee and the owners of containers'),
  },
  async run({ arguments: { name }, options: { benchmark, reason } }, context) {
    const platform = await context.platform();
    const { id, state } = await findAssociation(platform, { kind: 'dataset', name, benchmark });
    const call = { path: { id }, body: { reason } };
    const grantsRevoked =
      state === 'requested'
        ? await platform.withdrawAssociation(call).then(() => 0)
        : (await platform.leaveBenchmark(call)).grantsRevoked;
    const association = await platform.readAssociation({ path: { id } });
    return {
      data: { association, grantsRevoked },
      ids: [id],
      lines: [...associationLines(association), `${grantsRevoked} grants to you have ended.`],
    };
  },
});
