import { parseEmailAddress } from '../../domain/ids.ts';
import { defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'password reset',
  summary: 'Ask for a mail with a code that sets a new password',
  examples: ['strongroom password reset --email alice@example.org --api https://platform.example.org'],
  details: 'The answer is the same whether or not the address has an account. Until the code is used nothing changes.',
  options: { email: requiredOption('ADDRESS', 'Your e-mail address', parseEmailAddress) },
  async run({ options: { email } }, context) {
    await (await context.platformForAnyone()).requestPasswordReset({ body: { email } });
    return {
      data: { email },
      lines: [`If ${email} has an account, a mail is on its way. Use its code with: strongroom password set TOKEN`],
    };
  },
});
