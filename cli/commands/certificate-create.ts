import { StrongroomError } from '../../domain/errors.ts';
import { defineCommand, option } from '../command.ts';
import { facts, moment } from '../table.ts';
import { parseCount } from '../values.ts';

export const command = defineCommand({
  name: 'certificate create',
  summary: 'Make your certificate and have it certified',
  examples: ['strongroom certificate create'],
  details: 'The private key is made on this machine, in a file that only you may read, and never leaves it.',
  options: { days: option('N', 'How long it is valid (default: 365)', parseCount) },
  async run({ options: { days = 365 } }, context) {
    const { createCertificate, provePossession } = await import('../../crypto/certificates.ts');
    const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
    await refuseSecond(platform);
    const { handle, email } = session;
    const made = await createCertificate({ handle, email, expiresInDays: days });
    try {
      const { challenge } = await platform.createChallenge();
      const proof = await provePossession(made.privateKey, challenge);
      // The key is on the disk before anybody can wrap something to it.
      await home.saveIdentity(session, made);
      const { fingerprint, certificate } = made;
      const issued = await platform.createCertificate({ body: { fingerprint, certificate, proof, challenge } });
      await home.saveIdentity(session, { ...made, certificate: issued.certificate });
      return {
        data: { certificate: issued },
        ids: [fingerprint],
        lines: facts([
          ['Fingerprint', fingerprint],
          ['For', issued.email],
          ['Valid until', moment(issued.expiresAt)],
        ]),
      };
    } finally {
      made.privateKey.fill(0);
    }
  },
});

/** A second key would replace the first one on the disk, and with it everything that was wrapped to it. */
async function refuseSecond(
  platform: Awaited<ReturnType<Parameters<typeof command.run>[1]['platform']>>,
): Promise<void> {
  const { items } = await platform.listCertificates();
  const valid = items.find(({ state }) => state === 'valid');
  if (!valid) return;
  throw new StrongroomError('E_ALREADY_EXISTS', `You have a valid certificate: ${valid.fingerprint}.`, {
    next: 'Use it, or end it with: strongroom certificate revoke --reason TEXT',
  });
}
