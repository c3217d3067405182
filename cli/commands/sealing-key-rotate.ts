import { defineCommand } from '../command.ts';
import { connectStrongroom, enclaveTrust, trustStore } from '../enclave.ts';

export const command = defineCommand({
  name: 'sealing-key rotate',
  summary: 'Move on to your next sealing key',
  examples: ['strongroom sealing-key rotate'],
  details:
    'Inputs, functions and jobs are sealed to the new key from now on; what was sealed to earlier ones is opened as ' +
    'before, until its own time is over. Whoever has encrypted for you before is refused until they have compared the new ' +
    'fingerprint with what you tell them, and so are your other machines: strongroom encrypt … --accept-key HEX.',
  async run(_given, context) {
    const { rotateUserKey } = await import('../../client/functions/user-keys.ts');
    const { formatKeyId } = await import('../../crypto/sealed/user-key.ts');
    const [platform, { handle }] = [await context.platform(), await context.session()];
    const trust = await enclaveTrust(context, await connectStrongroom(context));
    const { keyId, generation } = await rotateUserKey(platform, await trustStore(context), handle, trust);
    return {
      data: { user: handle, keyId, generation },
      ids: [keyId],
      lines: [`Your sealing key is number ${generation} now: ${formatKeyId(keyId)}`],
    };
  },
});
