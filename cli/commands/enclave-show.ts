import { defineCommand } from '../command.ts';
import { openStrongroom, trustStore } from '../enclave.ts';
import { facts } from '../table.ts';

export const command = defineCommand({
  name: 'enclave show',
  summary: 'Show the enclave that you believe, and how the platform describes it now',
  examples: ['strongroom enclave show'],
  details: 'The fingerprint is the SHA-256 of the root of attestation and of the registers of runners and key broker.',
  async run(_given, context) {
    const { trustFingerprint } = await import('../../client/strongroom.ts');
    const strongroom = await openStrongroom(context);
    const [believed, described] = [await (await trustStore(context)).enclave(), await strongroom.describedEnclave()];
    const [known, now] = [believed && trustFingerprint(believed), trustFingerprint(described)];
    const { runner, broker } = described;
    return {
      data: { believed: known, described: { fingerprint: now, ...described } },
      ids: [now],
      lines: [
        ...facts([
          ['Fingerprint', now],
          ['Believed', known ?? 'nothing yet: it will be at the first use'],
          ['Runner', `register 0 ${runner.runnerImage}`],
          ['', `register 1 ${runner.sandbox}`],
          ['Key broker', `register 0 ${broker.runnerImage}`],
        ]),
        ...(known === null || known === now ? [] : [`It has changed. To believe it: strongroom enclave accept ${now}`]),
      ],
    };
  },
});
