import { defineCommand } from '../command.ts';
import { platformLines } from '../platform-lines.ts';
import { checkLogInSettings, platformConfiguration, startPlatform } from '../platform.ts';
import { readPlatformState } from '../platform-state.ts';

export const command = defineCommand({
  name: 'up',
  summary: 'Start the platform on this machine, in the background',
  examples: ['strongroom up'],
  details: 'Postgres, Temporal with its Web UI, the API and the worker. Its data stays in STRONGROOM_DATA.',
  async run(_given, context) {
    const configuration = await platformConfiguration();
    const { dataFolder } = configuration;
    const running = await readPlatformState(dataFolder);
    if (!running) await checkLogInSettings(configuration);
    const platform = running ?? (await startPlatform(dataFolder, (line) => context.output.note(line), context.signal));
    return { data: { started: !running, platform }, ids: [platform.addresses.api], lines: platformLines(platform) };
  },
});
