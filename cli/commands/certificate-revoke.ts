import { StrongroomError } from '../../domain/errors.ts';
import { parseFingerprint } from '../../domain/ids.ts';
import { defineCommand, option, requiredOption } from '../command.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'certificate revoke',
  summary: 'Revoke your certificate, and the access granted to it',
  examples: ['strongroom certificate revoke --reason "the laptop was stolen"'],
  options: {
    reason: requiredOption('TEXT', 'Why, for those who granted access'),
    fingerprint: option('FPR', 'Which one (default: the valid one)', parseFingerprint),
  },
  async run({ options }, context) {
    const platform = await context.platform();
    const items = await everyItem((page) => platform.listCertificates({ query: page }));
    const fingerprint = options.fingerprint ?? items.find(({ state }) => state === 'valid')?.fingerprint;
    if (!fingerprint) throw new StrongroomError('E_NO_CERTIFICATE', 'You have no valid certificate.');
    await context.prompt.confirmByName(fingerprint.slice(-8), `All access that was granted to ${fingerprint} ends.`);
    const answer = await platform.revokeCertificate({ path: { fingerprint }, body: { reason: options.reason } });
    await forgetIdentity(context, fingerprint);
    return {
      data: answer,
      ids: [fingerprint],
      lines: [`${fingerprint} is revoked; ${answer.grantsRevoked} grants ended with it.`],
    };
  },
});

/** A revoked certificate opens nothing any more, so its private key need not be kept. */
async function forgetIdentity(context: Parameters<typeof command.run>[1], fingerprint: string): Promise<void> {
  const [home, session] = [await context.home(), await context.session()];
  if ((await home.identity(session))?.fingerprint === fingerprint) await home.forgetIdentity(session);
}
