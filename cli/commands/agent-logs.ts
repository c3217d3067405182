import { agentLog } from '../agent.ts';
import { defineCommand, option } from '../command.ts';
import { parseCount } from '../values.ts';

export const command = defineCommand({
  name: 'agent logs',
  summary: 'Show the end of the log of the agent',
  examples: ['strongroom agent logs --lines 100'],
  options: { lines: option('N', 'How many lines (default: 50)', parseCount) },
  async run({ options: { lines = 50 } }, context) {
    const home = await context.home();
    const shown = (await agentLog(home)).slice(-lines);
    return { data: { file: home.agent.logFile, lines: shown }, ids: [home.agent.logFile], lines: shown };
  },
});
