import { defineCommand } from '../command.ts';
import { platformConfiguration, stopPlatform } from '../platform.ts';

export const command = defineCommand({
  name: 'down',
  summary: 'Stop the platform on this machine; its data stays',
  examples: ['strongroom down'],
  async run() {
    const { dataFolder } = await platformConfiguration();
    const stopped = await stopPlatform(dataFolder);
    const line = stopped ? 'The platform is stopped.' : 'The platform does not run here.';
    return { data: { stopped: stopped !== null }, ids: [], lines: [line] };
  },
});
