import { parseBenchmarkName } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';
import { facts, moment } from '../table.ts';

export const command = defineCommand({
  name: 'benchmark show',
  summary: 'Show a benchmark',
  examples: ['strongroom benchmark show digits'],
  arguments: { name: argument('The benchmark', parseBenchmarkName) },
  async run({ arguments: { name } }, context) {
    const benchmark = await (await context.platform()).readBenchmark({ path: { name } });
    return {
      data: { benchmark },
      ids: [benchmark.name],
      lines: facts([
        ['Name', benchmark.name],
        ['Description', benchmark.description],
        ['State', benchmark.state],
        ['Created', `${moment(benchmark.createdAt) ?? ''} by ${benchmark.owner}`],
        ['Committee', benchmark.members.join(', ')],
        ['Approvals', `${benchmark.quorum} of ${benchmark.members.length}, within ${benchmark.approvalDays} days`],
        ['Without votes', `containers ${benchmark.approves.container}, datasets ${benchmark.approves.dataset}`],
        ['Test dataset', `sha256 ${benchmark.testDataset.sha256}`],
        ['Metrics', benchmark.metrics.imageDigest],
      ]),
    };
  },
});
