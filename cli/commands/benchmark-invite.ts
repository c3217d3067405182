import { parseBenchmarkName, parseContainerRef } from '../../domain/ids.ts';
import { argument, defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'benchmark invite',
  summary: 'Invite a container to a benchmark',
  examples: ['strongroom benchmark invite digits alice/digits-model --reason "we want to compare it with ours"'],
  details:
    'For members of the committee. Its owner is told by mail, and a request that follows is marked for those who vote. ' +
    'It is no vote: the request is tested and decided on like any other.',
  arguments: {
    name: argument('The benchmark', parseBenchmarkName),
    container: argument('OWNER/NAME; its owner knows whether there is one', (text) => parseContainerRef(text)),
  },
  options: { reason: requiredOption('TEXT', 'Why, for its owner') },
  async run({ arguments: { name, container }, options: { reason } }, context) {
    const body = { owner: container.owner, container: container.name, reason };
    const invitation = await (await context.platform()).inviteContainer({ path: { name }, body });
    const ref = `${container.owner}/${container.name}`;
    return { data: { invitation }, ids: [ref], lines: [`${ref} is invited to ${name}.`] };
  },
});
