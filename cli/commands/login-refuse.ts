import { parseUserCode, showUserCode } from '../../domain/device-login.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'login refuse',
  summary: 'Refuse to log another machine in',
  examples: ['strongroom login refuse WDJB-MJHT'],
  arguments: { code: argument('The code that the other machine shows', parseUserCode) },
  async run({ arguments: { code } }, context) {
    await (await context.platform()).refuseDeviceLogin({ path: { userCode: code } });
    const shown = showUserCode(code);
    return { data: { code: shown }, ids: [shown], lines: [`The log-in ${shown} is refused.`] };
  },
});
