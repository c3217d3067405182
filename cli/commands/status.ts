import { agentState } from '../agent.ts';
import { defineCommand } from '../command.ts';
import { platformLines } from '../platform-lines.ts';
import { platformConfiguration } from '../platform.ts';
import { readPlatformState } from '../platform-state.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'status',
  summary: 'Show what runs on this machine, and who is logged in',
  examples: ['strongroom status'],
  watchable: true,
  async run(_given, context) {
    const home = await context.home();
    const [session, agent] = [await home.session(), await agentState(home)];
    const platform = await readPlatformState((await platformConfiguration()).dataFolder);
    const account = session && { handle: session.handle, api: session.apiUrl };
    return {
      data: { platform, agent, account },
      ids: platform ? [platform.addresses.api] : [],
      lines: [
        ...(platform ? platformLines(platform) : ['The platform does not run here.']),
        ...facts([
          ['Agent', agent ? `runs (process ${agent.pid})` : 'does not run'],
          ['Logged in', account ? `${account.handle} at ${account.api}` : 'no'],
        ]),
      ],
    };
  },
});
