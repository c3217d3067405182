import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'verify',
  summary: 'Verify your e-mail address',
  examples: ['strongroom verify eyJhbGciOi… --api https://platform.example.org'],
  arguments: { token: argument('The token of the verification mail; it can be used once') },
  async run({ arguments: { token } }, context) {
    await (await context.platformForAnyone()).verifyEmail({ body: { token } });
    return { data: { verified: true }, lines: ['Your address is verified. Log in with: strongroom login'] };
  },
});
