import type { Identity, PartyHome, Session } from '../../client/party-home.ts';
import type { PlatformClient, Schema } from '../../client/platform.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { defineCommand, option } from '../command.ts';
import { facts, moment } from '../table.ts';
import { parseCount } from '../values.ts';
import { everyItem } from '../../client/pages.ts';

export const command = defineCommand({
  name: 'certificate create',
  summary: 'Make your certificate and have it certified',
  examples: ['strongroom certificate create'],
  details: 'The private key is made on this machine, in a file that only you may read, and never leaves it.',
  options: { days: option('N', 'How long it is valid (default: 365)', parseCount) },
  async run({ options: { days = 365 } }, context) {
    const [home, session, platform] = [await context.home(), await context.session(), await context.platform()];
    const items = await everyItem((page) => platform.listCertificates({ query: page }));
    const valid = items.find(({ state }) => state === 'valid');
    const issued = valid ? await takeUp(valid, home, session) : await create({ days, home, session, platform });
    return {
      data: { certificate: issued },
      ids: [issued.fingerprint],
      lines: facts([
        ['Fingerprint', issued.fingerprint],
        ['For', issued.email],
        ['Valid until', moment(issued.expiresAt)],
      ]),
    };
  },
});

interface Creation {
  readonly days: number;
  readonly home: PartyHome;
  readonly session: Session;
  readonly platform: PlatformClient;
}

async function create({ days, home, session, platform }: Creation): Promise<Schema<'Certificate'>> {
  const { createCertificate, provePossession } = await import('../../crypto/certificates.ts');
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
    return issued;
  } finally {
    made.privateKey.fill(0);
  }
}

/**
 * Finishes a creation whose answer was lost: the key is here, and the platform has certified it. Any other key would
 * replace the first one on the disk, and with it everything that was wrapped to it.
 */
async function takeUp(valid: Schema<'Certificate'>, home: PartyHome, session: Session): Promise<Schema<'Certificate'>> {
  const here: Identity | null = await home.identity(session);
  if (here?.fingerprint !== valid.fingerprint || here.certificate === valid.certificate) {
    throw new StrongroomError('E_ALREADY_EXISTS', `You have a valid certificate: ${valid.fingerprint}.`, {
      next: 'Use it, or end it with: strongroom certificate revoke --reason TEXT',
    });
  }
  const privateKey = await home.privateKey(session);
  try {
    const { certificate, fingerprint } = valid;
    await home.saveIdentity(session, { certificate, fingerprint, privateKey });
    return valid;
  } finally {
    privateKey.fill(0);
  }
}
