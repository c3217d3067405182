import { argument, defineCommand } from '../command.ts';
import { passwordFile, readNewPassword } from '../password.ts';

export const command = defineCommand({
  name: 'password set',
  summary: 'Set a new password by the code of the mail',
  examples: ['strongroom password set Vb3kQ… --api https://platform.example.org'],
  details:
    'A password has 12 characters or more. All sessions of the account end, on every machine; personal access tokens stay ' +
    'until they are revoked.',
  arguments: {
    token: argument('The code of the mail that `strongroom password reset` asked for; it can be used once'),
  },
  options: { 'password-file': passwordFile },
  async run({ arguments: { token }, options }, context) {
    const platform = await context.platformForAnyone();
    const password = await readNewPassword(context, options['password-file']);
    await platform.setPassword({ body: { token, password } });
    return {
      data: { changed: true },
      lines: ['The password is set, and all sessions are ended. Log in with: strongroom login'],
    };
  },
});
