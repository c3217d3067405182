import { SECRET_OVERLAP_HOURS } from '../../domain/webhook.ts';
import { argument, defineCommand, option } from '../command.ts';
import { usage } from '../usage.ts';
import { moment } from '../table.ts';

const { usual, most } = SECRET_OVERLAP_HOURS;

function parseHours(text: string): number {
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : most + 1;
  if (hours <= most) return hours;
  throw usage(`${JSON.stringify(text)} is no such number of hours.`, `Write 0 to ${most}.`);
}

export const command = defineCommand({
  name: 'webhook rotate-secret',
  summary: 'Give a webhook another secret',
  examples: [
    'strongroom webhook rotate-secret 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b',
    'strongroom webhook rotate-secret 0b0f7a0e-7a0e-4d7e-9f5e-1c2d3e4f5a6b --overlap 0',
  ],
  details:
    'The new secret is printed once, on stdout. For a time each delivery is signed with both, so that the receiver can ' +
    'be given the new one while deliveries go on. Where somebody else has the old one, end it at once with --overlap 0.',
  arguments: { id: argument('The id that `strongroom webhook list` shows') },
  options: {
    overlap: option(
      'HOURS',
      `How long the old secret signs, too: 0 to ${most}, ${usual} where nothing is said`,
      parseHours,
    ),
  },
  async run({ arguments: { id }, options: { overlap } }, context) {
    const platform = await context.platform();
    const webhook = await platform.rotateWebhookSecret({ path: { id }, body: { overlapHours: overlap ?? usual } });
    const old =
      webhook.oldSecretUntil === null
        ? 'The old one signs nothing any more.'
        : `The old one signs, too, until ${moment(webhook.oldSecretUntil) ?? ''}.`;
    context.output.note(`${old} Keep this secret where nobody else can read it; it is not shown again.`);
    return { data: { webhook }, ids: [id], lines: [webhook.secret] };
  },
});
