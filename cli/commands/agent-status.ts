import { agentState } from '../agent.ts';
import { defineCommand } from '../command.ts';
import { facts, moment } from '../table.ts';

export const command = defineCommand({
  name: 'agent status',
  summary: 'Show whether the agent runs',
  examples: ['strongroom agent status'],
  watchable: true,
  async run(_given, context) {
    const agent = await agentState(await context.home());
    if (!agent)
      return { data: { running: false }, lines: ['The agent does not run. Start it with: strongroom agent start'] };
    return {
      data: { running: true, agent },
      ids: [String(agent.pid)],
      lines: facts([
        ['Process', agent.pid],
        ['Since', moment(agent.startedAt)],
        ['Account', agent.account],
        ['Temporal', `${agent.temporal.address} (${agent.temporal.namespace})`],
        ...(agent.temporal.uiUrl ? ([['Temporal Web UI', agent.temporal.uiUrl]] as const) : []),
      ]),
    };
  },
});
