import { defineCommand } from '../command.ts';
import { requireAgent } from '../temporal.ts';

export const command = defineCommand({
  name: 'agent start',
  summary: 'Start the agent, which does your work in the background',
  examples: ['strongroom agent start'],
  details: 'Commands that need it start it by themselves.',
  async run(_given, context) {
    const agent = await requireAgent(context);
    return { data: { agent }, ids: [String(agent.pid)], lines: [`The agent runs (process ${agent.pid}).`] };
  },
});
