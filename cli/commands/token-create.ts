import { defineCommand, option, requiredOption } from '../command.ts';
import { parseDuration } from '../values.ts';

export const command = defineCommand({
  name: 'token create',
  summary: 'Create a personal access token',
  examples: ['strongroom token create --name nightly-runs --expires 90d'],
  details: 'The token is printed once, on stdout, and cannot be shown again.',
  options: {
    name: requiredOption('TEXT', 'What the token is for'),
    expires: option('TIME', 'How long it is valid, for instance 90d', parseDuration),
  },
  async run({ options: { name, expires } }, context) {
    const platform = await context.platform();
    const days = expires === undefined ? {} : { expiresInDays: Math.max(1, Math.round(expires / 86_400)) };
    const created = await platform.createToken({ body: { name, ...days } });
    context.output.note('Keep this token where nobody else can read it; it is not shown again.');
    return { data: { token: created }, ids: [created.token], lines: [created.token] };
  },
});
