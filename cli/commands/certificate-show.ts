import { defineCommand, flag } from '../command.ts';
import { moment, table } from '../table.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'certificate show',
  summary: 'Show your certificates',
  examples: ['strongroom certificate show', 'strongroom certificate show --armored > me.asc'],
  options: { armored: flag('Print the valid certificate itself, as OpenPGP programs read it') },
  async run({ options: { armored } }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listCertificates({ query: page }));
    const valid = items.find(({ state }) => state === 'valid');
    const rows = items.map((one) => [
      one.fingerprint,
      one.state,
      one.email,
      moment(one.issuedAt),
      moment(one.expiresAt),
    ]);
    const none = 'There is no certificate. Make one with: strongroom certificate create';
    return {
      data: { items },
      ids: items.map(({ fingerprint }) => fingerprint),
      lines:
        armored && valid
          ? [valid.certificate.trimEnd().replaceAll('\r', '')]
          : table(['fingerprint', 'state', 'e-mail', 'issued', 'expires'], rows, none),
    };
  },
});
