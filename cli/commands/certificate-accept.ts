import { parseEmailAddress, parseFingerprint } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';

export const command = defineCommand({
  name: 'certificate accept',
  summary: "Believe another person's changed certificate",
  examples: ['strongroom certificate accept bob@example.org 4F2A9C0D1E3B5A7968574635241302F1E0D9C8B7'],
  details:
    'The first certificate that you meet for an address is remembered, and another one is refused until you accept it ' +
    'here. Ask the person for the fingerprint by another way than the platform, for instance by telephone.',
  arguments: {
    email: argument('Whose certificate', parseEmailAddress),
    fingerprint: argument('The fingerprint that the person told you', parseFingerprint),
  },
  async run({ arguments: { email, fingerprint } }, context) {
    const home = await context.home();
    await home.pins(await context.session()).acceptHolder(email, fingerprint);
    return {
      data: { email, fingerprint },
      ids: [fingerprint],
      lines: [`From now on ${fingerprint} is the certificate of ${email}.`],
    };
  },
});
