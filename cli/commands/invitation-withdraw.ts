import { parseBenchmarkName, parseContainerRef } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'invitation withdraw',
  summary: 'Take an invitation back',
  examples: ['strongroom invitation withdraw digits alice/digits-model'],
  details: 'For members of the committee. A request that followed it keeps its mark.',
  arguments: {
    name: argument('The benchmark', parseBenchmarkName),
    container: argument('OWNER/NAME', (text) => parseContainerRef(text)),
  },
  async run({ arguments: { name, container } }, context) {
    const path = { name, owner: container.owner, container: container.name };
    await (await context.platform()).withdrawInvitation({ path });
    const ref = `${container.owner}/${container.name}`;
    return { data: path, ids: [ref], lines: [`${ref} is no longer invited to ${name}.`] };
  },
});
