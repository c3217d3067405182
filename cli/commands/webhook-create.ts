import { EVENT_TYPES } from '../../domain/platform-event.ts';
import { defineCommand, listOption, requiredOption } from '../command.ts';
import { parseChoice } from '../values.ts';

export const command = defineCommand({
  name: 'webhook create',
  summary: 'Have what concerns you sent to an address, signed',
  examples: [
    'strongroom webhook create --url https://hooks.example.org/strongroom',
    'strongroom webhook create --url https://hooks.example.org/votes --event association.requested,association.decided',
  ],
  details:
    'The secret is printed once, on stdout: with it the receiver checks the header webhook-signature, as ' +
    `https://www.standardwebhooks.com says. What can be sent:\n  ${EVENT_TYPES.join('\n  ')}`,
  options: {
    url: requiredOption('URL', 'Where to, by https'),
    event: listOption('EVENT', 'What is sent; everything where none is named', parseChoice(EVENT_TYPES)),
  },
  async run({ options: { url, event } }, context) {
    const platform = await context.platform();
    const webhook = await platform.createWebhook({ body: { url, events: [...new Set(event)] } });
    context.output.note(
      `Webhook ${webhook.id}. Keep this secret where nobody else can read it; it is not shown again.`,
    );
    return { data: { webhook }, ids: [webhook.id], lines: [webhook.secret] };
  },
});
