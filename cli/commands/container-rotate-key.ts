import { formatBytes } from '../../domain/format-bytes.ts';
import { parseContainerName } from '../../domain/ids.ts';
import * as contract from '../../workflows/rotate-key/contract.ts';
import { ownerTaskQueue } from '../../workflows/task-queues.ts';
import { argument, defineCommand } from '../command.ts';
import { detachOption, runStory, startStory } from '../run-story.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'container rotate-key',
  summary: 'Give a container a new key, and everyone who has access, too',
  examples: ['strongroom container rotate-key digits-model'],
  details:
    'The image stays the same, so what committees approved stays approved. The archive is encrypted anew and hosted at the ' +
    'platform; until all is ready, the earlier key holds. Started again, the command joins the work that goes on.',
  arguments: { name: argument('Your container', parseContainerName) },
  options: { detach: detachOption },
  async run({ arguments: { name }, options }, context) {
    const { handle: account } = await context.session();
    const input: contract.RotateKeyInput = { account, name };
    const story = {
      workflowType: contract.ROTATE_KEY,
      workflowId: contract.rotateKeyWorkflowId(account, name),
      taskQueue: ownerTaskQueue(account),
      input,
      summary: `New key for ${account}/${name}`,
    };
    if (options.detach) return startStory(context, story);
    return runStory(context, story, (rotated: contract.RotateKeyResult) => ({
      data: { rotation: rotated },
      ids: [`${account}/${name}`],
      lines: [
        ...facts([
          ['Container', `${account}/${name}`],
          ['Archive', `${rotated.archive.url} (${formatBytes(rotated.archive.size)})`],
          ['SHA-256', rotated.archive.sha256],
          ['Before', rotated.from],
          ['Key', `${rotated.keyFile} (it never leaves this machine: keep a copy)`],
          ['Wrapped anew', String(rotated.rewrapped)],
        ]),
        ...rotated.ended.map(
          ({ email, benchmark, reason }) => `${email} has no access in ${benchmark} any more: ${reason}`,
        ),
        'Whoever kept the earlier key still opens copies of the earlier archive, and nothing else.',
      ],
    }));
  },
});
