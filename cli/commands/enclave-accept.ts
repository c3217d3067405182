import { parseSha256 } from '../../domain/ids.ts';
import { argument, defineCommand } from '../command.ts';
import { openStrongroom } from '../enclave.ts';

export const command = defineCommand({
  name: 'enclave accept',
  summary: "Believe the platform's changed enclave",
  examples: ['strongroom enclave accept 5b1f0c7a9e3d2846f0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607'],
  details:
    'The first enclave that you meet on a platform is remembered, and another one is refused until you accept it here: ' +
    "each update of the platform changes it. Ask the platform's operator for the fingerprint by another way than the " +
    'platform itself; "strongroom enclave show" prints it.',
  arguments: { fingerprint: argument('The fingerprint that the operator told you', parseSha256) },
  async run({ arguments: { fingerprint } }, context) {
    const strongroom = await openStrongroom(context);
    const enclave = await strongroom.acceptEnclave(fingerprint);
    return {
      data: { fingerprint, enclave },
      ids: [fingerprint],
      lines: [`From now on ${fingerprint} is the enclave of ${(await context.session()).apiUrl}.`],
    };
  },
});
