import { parseBenchmarkName } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'benchmark close',
  summary: 'Close a benchmark for new requests',
  examples: ['strongroom benchmark close digits', 'strongroom benchmark close digits --yes'],
  details: 'It cannot be opened again. What was approved stays approved.',
  arguments: { name: argument('The benchmark', parseBenchmarkName) },
  async run({ arguments: { name } }, context) {
    const platform = await context.platform();
    await context.prompt.confirmByName(name, `${name} will take no further requests, for good.`);
    const benchmark = await platform.closeBenchmark({ path: { name } });
    return { data: { benchmark }, ids: [name], lines: [`${name} is closed for new requests.`] };
  },
});
