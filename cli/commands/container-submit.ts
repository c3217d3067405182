import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { parseContainerConfig } from '../../domain/container-config-parser.ts';
import { formatBytes } from '../../domain/format-bytes.ts';
import { parseContainerName } from '../../domain/ids.ts';
import * as contract from '../../workflows/register-container/contract.ts';
import { ownerTaskQueue } from '../../workflows/task-queues.ts';
import { argument, defineCommand, option } from '../command.ts';
import { detachOption, runStory, startStory } from '../run-story.ts';
import { facts } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'container submit',
  summary: 'Encrypt, host and register a container',
  examples: ['strongroom container submit examples/digits-model/container_config.yaml --name digits-model'],
  details: 'The key is made and stays on this machine. Started again, the command joins the work that goes on.',
  arguments: { config: argument('The container_config.yaml', parsePath) },
  options: {
    name: option('NAME', "The container's name (default: that of the config's folder)", parseContainerName),
    'key-file': option('FILE', 'The key of an archive that you encrypted beforehand', parsePath),
    detach: detachOption,
  },
  async run({ arguments: { config }, options }, context) {
    const { handle: account } = await context.session();
    const configText = await readFile(config, 'utf8');
    const configFolder = dirname(config);
    const name = options.name ?? parseContainerName(basename(configFolder));
    const input: contract.RegisterContainerInput = {
      account,
      name,
      config: parseContainerConfig(configText, basename(config)),
      configText,
      configFolder,
      keyFile: options['key-file'] ?? null,
    };
    const story = {
      workflowType: contract.REGISTER_CONTAINER,
      workflowId: contract.registerContainerWorkflowId(account, name),
      taskQueue: ownerTaskQueue(account),
      input,
      summary: `Registration of ${account}/${name}`,
    };
    if (options.detach) return startStory(context, story);
    return runStory(context, story, (container: contract.RegisterContainerResult) => ({
      data: { container },
      ids: [`${account}/${name}`],
      lines: facts([
        ['Container', `${container.owner}/${container.name}`],
        ['Image', container.imageDigest],
        ['Archive', `${container.archive.url} (${formatBytes(container.archive.size)})`],
        ['SHA-256', container.archive.sha256],
        ['Key', `${container.keyFile} (it never leaves this machine: keep a copy)`],
        ['Next', `strongroom container associate ${name} --benchmark NAME`],
      ]),
    }));
  },
});
