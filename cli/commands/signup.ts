import { parseEmailAddress, parseHandle } from '../../domain/ids.ts';
import { defineCommand, option, requiredOption } from '../command.ts';
import { passwordFile, readNewPassword } from '../password.ts';

export const command = defineCommand({
  name: 'signup',
  summary: 'Create an account',
  examples: ['strongroom signup --email alice@example.org --handle alice --api https://platform.example.org'],
  details: 'A mail with a token follows; `strongroom verify TOKEN` uses it. A password has 12 characters or more.',
  options: {
    email: requiredOption('ADDRESS', 'Your e-mail address', parseEmailAddress),
    handle: requiredOption('NAME', 'Your public name on the platform', parseHandle),
    'display-name': option('TEXT', 'How others read your name'),
    'password-file': passwordFile,
  },
  async run({ options: { email, handle, ...options } }, context) {
    const platform = await context.platformForAnyone();
    const password = await readNewPassword(context, options['password-file']);
    const displayName = options['display-name'];
    const body = { email, handle, password, ...(displayName !== undefined && { displayName }) };
    await platform.signUp({ body });
    return {
      data: { handle, email },
      ids: [handle],
      lines: [`A mail is on its way to ${email}. Use its token with: strongroom verify TOKEN`],
    };
  },
});
