import { defineCommand } from '../command.ts';
import { connectStrongroom, enclaveTrust } from '../enclave.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'sealing-key show',
  summary: 'Show the key to which inputs for you are sealed',
  examples: ['strongroom sealing-key show'],
  details:
    'Tell its fingerprint to those who encrypt for you, by another way than the platform: they see it when they encrypt. ' +
    'Its private half never leaves the key broker, which attests it.',
  async run(_given, context) {
    const { fetchUserKey } = await import('../../client/functions/user-keys.ts');
    const { formatKeyId } = await import('../../crypto/sealed/user-key.ts');
    const [platform, { handle }] = [await context.platform(), await context.session()];
    const trust = await enclaveTrust(context, await connectStrongroom(context));
    const { keyId, generation } = await fetchUserKey(platform, handle, trust);
    return {
      data: { user: handle, keyId, generation },
      ids: [keyId],
      lines: facts([
        ['Fingerprint', formatKeyId(keyId)],
        ['Number', generation],
      ]),
    };
  },
});
