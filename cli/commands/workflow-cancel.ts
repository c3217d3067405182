import { argument, defineCommand } from '../command.ts';
import { openPartyWork } from '../temporal.ts';
import { toWorkflowFailure } from '../workflow-failure.ts';

export const command = defineCommand({
  name: 'workflow cancel',
  summary: 'Cancel a piece of work',
  examples: ['strongroom workflow cancel container/alice/digits-model'],
  details: 'It cleans up after itself; what was registered or sent before stays.',
  arguments: { id: argument('Its id, as the command that started it says') },
  async run({ arguments: { id } }, context) {
    await using work = await openPartyWork(context);
    try {
      await work.client.workflow.getHandle(id).cancel();
    } catch (error) {
      throw toWorkflowFailure(error, id);
    }
    return { data: { workflowId: id }, ids: [id], lines: [`${id} is being cancelled.`] };
  },
});
