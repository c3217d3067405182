import { parseFunctionRef } from '../../domain/function-ref.ts';
import { parseBenchmarkName, parseContainerRef, parseDatasetName, parseSha256 } from '../../domain/ids.ts';
import { argument, defineCommand, flag, option, optionalArgument } from '../command.ts';
import { usage } from '../usage.ts';
import { consentOptions } from '../consent.ts';
import type { FunctionInput } from '../run-function.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'run',
  summary: 'Call a function with a file, or run a granted container on a dataset',
  examples: [
    'strongroom run alice/classifier dog.jpeg',
    'strongroom run classifier - < dog.jpeg',
    'strongroom run alice/classifier --sealed dog.sealed',
    'strongroom run alice/digits-model --benchmark digits --dataset wards',
  ],
  details:
    'With FILE: the runner proves what it is, the file is encrypted to it, and its answer and receipt are checked. ' +
    'With --benchmark and --dataset: your agent runs the container; the results are sent only with your consent, and ' +
    'started again, the command joins the work that goes on.',
  arguments: {
    what: argument("A function (its id, owner/name or your own one's name), or a container (owner/name)"),
    file: optionalArgument('What the function gets; - for stdin', (text) => text),
  },
  options: {
    'function-checksum': option('HEX', 'The checksum that the function must have', parseSha256),
    sealed: option('FILE', 'What the function gets, as strongroom encrypt wrote it; - for stdin', (text) => text),
    out: option('FILE', 'Where the answer of the function goes', parsePath),
    verbose: flag('Show every step of the verification'),
    benchmark: option('NAME', 'The benchmark in which you have access to the container', parseBenchmarkName),
    dataset: option('NAME', 'Your dataset', parseDatasetName),
    ...consentOptions,
  },
  async run({ arguments: { what, file }, options }, context) {
    const { benchmark, dataset } = options;
    const input = inputOf(file, options.sealed);
    if (input !== null && (benchmark ?? dataset) === undefined) {
      parseFunctionRef(what);
      const { runFunction } = await import('../run-function.ts');
      const { 'function-checksum': checksum, out, verbose } = options;
      return runFunction(context, { ref: what, input, checksum, out, verbose });
    }
    if (input === null && benchmark !== undefined && dataset !== undefined) {
      const { runContainer } = await import('../run-container.ts');
      return runContainer(context, { container: parseContainerRef(what), benchmark, dataset, consent: options });
    }
    throw usage(
      'It is not clear what is to be run.',
      'Give a file to a function (run FUNCTION FILE, or --sealed FILE), or --benchmark and --dataset to a container.',
    );
  },
});

function inputOf(file: string | undefined, sealed: string | undefined): FunctionInput | null {
  if (file !== undefined && sealed !== undefined) throw usage('There are two inputs.', 'Leave FILE or --sealed out.');
  if (sealed !== undefined) return { kind: 'sealed', file: sealed };
  return file === undefined ? null : { kind: 'open', file };
}
