import { defineCommand } from '../command.ts';
import { table } from '../table.ts';

export const command = defineCommand({
  name: 'config',
  summary: 'Show all settings, their values and where they come from',
  examples: ['strongroom config'],
  details: 'The environment goes before config.yaml, config.yaml before the default. Secrets are shown as (set).',
  async run(_given, context) {
    const { describeConfiguration } = await import('../../stack/configuration.ts');
    const settings = describeConfiguration({ ...process.env, STRONGROOM_HOME: context.homeFolder });
    const rows = settings.map(({ key, value, origin }) => [key, value, origin]);
    return {
      data: { settings },
      ids: settings.map(({ key }) => key),
      lines: table(['setting', 'value', 'from'], rows, 'There are no settings.'),
    };
  },
});
