import { argument, defineCommand, option } from '../command.ts';
import { parseCount, parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'payload-key add',
  summary: 'Add a key for the payloads in Temporal, and make it the current one',
  examples: ['strongroom payload-key add /etc/strongroom/payload-keys.json'],
  details: 'The key ring is made where it is missing. STRONGROOM_PAYLOAD_KEYS_FILE names it to the processes.',
  arguments: { file: argument('The key ring', parsePath) },
  options: {
    'accept-plaintext-days': option(
      'DAYS',
      'For a new key ring: how long payloads from before are still read (default: not at all)',
      parseCount,
    ),
  },
  async run({ arguments: { file }, options }) {
    const { addPayloadKey } = await import('../../stack/payload-keys.ts');
    const id = addPayloadKey(file, options['accept-plaintext-days'] ?? 0);
    return {
      data: { id, file },
      ids: [id],
      lines: [`${id} is the current key in ${file}.`, `Keep a copy of the file: what it encrypted nothing else opens.`],
    };
  },
});
