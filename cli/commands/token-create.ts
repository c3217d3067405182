import { isScope, SCOPES, type Scope } from '../../domain/permissions.ts';
import { defineCommand, listOption, option, requiredOption } from '../command.ts';
import { usage } from '../usage.ts';
import { parseDuration } from '../values.ts';

const scopeLines = Object.entries(SCOPES).map(([scope, meaning]) => `  ${scope.padEnd(12)} ${meaning}`);

function parseScope(text: string): Scope {
  if (isScope(text)) return text;
  throw usage(`${text} is no scope.`, `Choose among ${Object.keys(SCOPES).join(', ')}.`);
}

export const command = defineCommand({
  name: 'token create',
  summary: 'Create a personal access token',
  examples: ['strongroom token create --name nightly-runs --scope read,run --expires 90d'],
  details: `The token is printed once, on stdout, and cannot be shown again. Its scopes say what it is good for:\n${scopeLines.join('\n')}`,
  options: {
    name: requiredOption('TEXT', 'What the token is for'),
    scope: listOption('SCOPE', 'What the token can do; read where none is given', parseScope),
    expires: option('TIME', 'How long it is valid, for instance 90d', parseDuration),
  },
  async run({ options: { name, scope, expires } }, context) {
    const platform = await context.platform();
    const days = expires === undefined ? {} : { expiresInDays: Math.max(1, Math.round(expires / 86_400)) };
    const scopes: Scope[] = scope.length > 0 ? [...new Set(scope)] : ['read'];
    const created = await platform.createToken({ body: { name, scopes, ...days } });
    context.output.note('Keep this token where nobody else can read it; it is not shown again.');
    return { data: { token: created }, ids: [created.token], lines: [created.token] };
  },
});
