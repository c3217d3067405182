import { stopAgent } from '../agent.ts';
import { defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'agent stop',
  summary: 'Stop the agent; its work goes on when it is started again',
  examples: ['strongroom agent stop'],
  async run(_given, context) {
    const agent = await stopAgent(await context.home());
    const line = agent ? `The agent (process ${agent.pid}) is stopped.` : 'The agent does not run.';
    return { data: { stopped: agent !== null }, ids: agent ? [String(agent.pid)] : [], lines: [line] };
  },
});
