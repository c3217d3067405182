/** What is sent to a webhook and where to, as the command line shows and changes it. */
import { entityTagOf } from '../client/entity-tags.ts';
import type { PlatformClient, Schema } from '../client/platform.ts';
import { unlessSomebodyWasFaster, type Rows } from './changed-meanwhile.ts';

type Settings = Schema<'WebhookSettings'>;

/** Puts settings in place of `there`, which was just read. Fails with `E_CHANGED_MEANWHILE`. */
export const replaceSettings = (
  platform: PlatformClient,
  id: string,
  there: Settings,
  wanted: Settings,
): Promise<Settings> =>
  unlessSomebodyWasFaster({
    of: `the webhook ${id}`,
    before: settingRows(there),
    send: () => platform.setWebhookSettings({ path: { id }, header: { 'if-match': entityTagOf(there) }, body: wanted }),
    look: async () => settingRows(await platform.readWebhookSettings({ path: { id } })),
  });

export const settingRows = ({ url, events }: Settings): Rows => [
  ['Address', url],
  ['Events', events.length === 0 ? 'all' : events.join(', ')],
];
