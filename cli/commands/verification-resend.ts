import { parseEmailAddress } from '../../domain/ids.ts';
import { defineCommand, requiredOption } from '../command.ts';

export const command = defineCommand({
  name: 'verification resend',
  summary: 'Ask for the mail with the token once more',
  examples: ['strongroom verification resend --email alice@example.org --api https://platform.example.org'],
  details: 'The answer is the same whether or not the address has an account, or is verified already.',
  options: { email: requiredOption('ADDRESS', 'Your e-mail address', parseEmailAddress) },
  async run({ options: { email } }, context) {
    await (await context.platformForAnyone()).resendVerification({ body: { email } });
    return {
      data: { email },
      lines: [`If ${email} waits to be verified, a mail is on its way. Use its token with: strongroom verify TOKEN`],
    };
  },
});
