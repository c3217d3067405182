import { EVENT_TYPES } from '../../domain/platform-event.ts';
import { argument, defineCommand, listOption, option } from '../command.ts';
import { facts } from '../table.ts';
import { parseChoice } from '../values.ts';
import { replaceSettings, settingRows } from '../webhook-settings.ts';

const WORDS = ['all', ...EVENT_TYPES] as const;

export const command = defineCommand({
  name: 'webhook change',
  summary: 'Change what is sent to a webhook, or where to',
  examples: [
    'strongroom webhook change 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --url https://hooks.example.org/new',
    'strongroom webhook change 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --event grant.created,grant.revoked',
  ],
  details: 'What you do not name stays as it is, and so does the secret. Without an option it shows what is set.',
  arguments: { id: argument('The id that `strongroom webhook list` shows') },
  options: {
    url: option('URL', 'Where to, by https'),
    event: listOption('EVENT', 'What is sent, in place of what was; all for everything', parseChoice(WORDS)),
  },
  async run({ arguments: { id }, options: { url, event } }, context) {
    const platform = await context.platform();
    const there = await platform.readWebhookSettings({ path: { id } });
    const events = event.includes('all') ? [] : event.filter((one) => one !== 'all');
    const wanted = { url: url ?? there.url, events: event.length === 0 ? there.events : [...new Set(events)] };
    const isChange = url !== undefined || event.length > 0;
    const settings = isChange ? await replaceSettings(platform, id, there, wanted) : there;
    return { data: { settings }, ids: [id], lines: facts(settingRows(settings)) };
  },
});
