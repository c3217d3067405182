import { formatBytes } from '../../domain/format-bytes.ts';
import { argument, defineCommand } from '../command.ts';
import { findFunction } from '../find-function.ts';
import { facts, moment } from '../table.ts';

export const command = defineCommand({
  name: 'function show',
  summary: 'Show a deployed function',
  examples: ['strongroom function show classifier', 'strongroom function show alice/classifier@2'],
  arguments: { function: argument("Its id, owner/name, owner/name@version, or your own one's name") },
  async run({ arguments: args }, context) {
    const found = await findFunction(context, args.function);
    const { limits, input, output, failure } = found;
    return {
      data: { function: found },
      ids: [found.id],
      lines: facts([
        ['Function ID', found.id],
        ['Function Checksum', found.checksum],
        ['Name', `${found.owner}/${found.name}@${found.version}`],
        ['State', found.state],
        ...(failure ? [['Refused', `${failure.code}: ${failure.message} ${failure.why ?? ''}`] as const] : []),
        ['Callable by', found.public ? 'everyone with an account' : 'its owner only'],
        ['Takes', `${input.type}, at most ${formatBytes(input.maxBytes)}`],
        ['Answers', output.type],
        ['Limits', `${limits.memoryMb} MiB, ${limits.seconds} s, ${limits.threads} threads`],
        ['Encrypted', formatBytes(found.bundle.size)],
        ['Deployed', moment(found.deployedAt)],
      ]),
    };
  },
});
