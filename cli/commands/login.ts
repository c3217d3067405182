import { parseEmailAddress } from '../../domain/ids.ts';
import { defineCommand, option } from '../command.ts';
import { passwordFile, readPassword } from '../password.ts';

export const command = defineCommand({
  name: 'login',
  summary: 'Log in and keep a token',
  examples: ['strongroom login --email alice@example.org --api https://platform.example.org'],
  details: "The token lies in the file `token` of the party's folder, which nobody else may read.",
  options: {
    email: option('ADDRESS', 'Your e-mail address', parseEmailAddress),
    'password-file': passwordFile,
  },
  async run({ options }, context) {
    const platform = await context.platformForAnyone();
    const email =
      options.email ?? parseEmailAddress(await context.prompt.text({ text: 'E-mail:', insteadOf: '--email' }));
    const password = await readPassword(context, options['password-file']);
    const { token, expiresAt, account } = await platform.logIn({ body: { email, password } });
    const session = { apiUrl: platform.baseUrl, handle: account.handle, email: account.email, token };
    await (await context.home()).saveSession(session);
    return {
      data: { handle: account.handle, email: account.email, api: platform.baseUrl, expiresAt },
      ids: [account.handle],
      lines: [`Logged in at ${platform.baseUrl} as ${account.handle}.`],
    };
  },
});
