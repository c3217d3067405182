import { parseContainerRef } from '../../domain/ids.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { argument, defineCommand } from '../command.ts';
import { facts, moment } from '../table.ts';

export const command = defineCommand({
  name: 'container show',
  summary: 'Show a container',
  examples: ['strongroom container show digits-model', 'strongroom container show alice/digits-model'],
  arguments: { name: argument('The container; with owner/ where it is not yours') },
  async run({ arguments: { name } }, context) {
    const ref = parseContainerRef(name, (await context.session()).handle);
    const container = await (await context.platform()).readContainer({ path: ref });
    return {
      data: { container },
      ids: [`${ref.owner}/${ref.name}`],
      lines: facts([
        ['Container', `${container.owner}/${container.name}`],
        ['Registered', moment(container.registeredAt)],
        ['Image', container.imageDigest],
        ['Archive', container.archive.url],
        ['Archive sha256', container.archive.sha256],
        ['Archive size', formatBytes(container.archive.size)],
      ]),
    };
  },
});
