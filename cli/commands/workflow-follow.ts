import { argument, defineCommand } from '../command.ts';
import { followWorkflow } from '../follow-workflow.ts';
import { openPartyWork } from '../temporal.ts';

export const command = defineCommand({
  name: 'workflow follow',
  summary: 'Follow a piece of work to its end',
  examples: ['strongroom workflow follow container/alice/digits-model'],
  details: 'A question that the work asks is answered with the command that started it.',
  arguments: { id: argument('Its id, as the command that started it says') },
  async run({ arguments: { id } }, context) {
    await using work = await openPartyWork(context);
    const result = await followWorkflow(context, work.client.workflow.getHandle(id));
    return { data: { workflowId: id, result }, ids: [id], lines: [`${id} has ended well.`] };
  },
});
