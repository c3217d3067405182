import { parseUserCode } from '../../domain/device-login.ts';
import { argument, defineCommand } from '../command.ts';
import { moment } from '../table.ts';

export const command = defineCommand({
  name: 'login approve',
  summary: 'Log another machine in as you, after seeing from where it asks',
  examples: ['strongroom login approve WDJB-MJHT'],
  details: 'Whoever sent you a code that you did not ask for wants your account: refuse it.',
  arguments: { code: argument('The code that the other machine shows', parseUserCode) },
  async run({ arguments: { code } }, context) {
    const platform = await context.platform();
    const { handle } = await context.session();
    const path = { userCode: code };
    const asked = await platform.readDeviceLogin({ path });
    const from = `${asked.networkAddress} by ${asked.program || 'a program without a name'}, at ${moment(asked.requestedAt) ?? ''}`;
    const approved =
      context.yes ||
      (await context.prompt.decision({
        text: `A log-in as ${handle} is asked for from ${from}. It can then do all that you can. Was it you?`,
        insteadOf: '--yes',
      }));
    await (approved ? platform.approveDeviceLogin({ path }) : platform.refuseDeviceLogin({ path }));
    return {
      data: { code: asked.userCode, approved, networkAddress: asked.networkAddress, program: asked.program },
      ids: [asked.userCode],
      lines: [`The log-in from ${from} is ${approved ? 'approved' : 'refused'}.`],
    };
  },
});
