import { defineCommand } from '../command.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'whoami',
  summary: 'Show who is logged in',
  examples: ['strongroom whoami'],
  async run(_given, context) {
    const platform = await context.platform();
    const account = await platform.readAccount();
    return {
      data: { account, api: platform.baseUrl },
      ids: [account.handle],
      lines: facts([
        ['Handle', account.handle],
        ['E-mail', account.emailVerified ? account.email : `${account.email} (not verified)`],
        ['Name', account.displayName],
        ['Platform', platform.baseUrl],
        ['Folder', context.homeFolder],
      ]),
    };
  },
});
