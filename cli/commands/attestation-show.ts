import { readAttestation, SIMULATED } from '../attestation.ts';
import { argument, defineCommand } from '../command.ts';
import { facts } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'attestation show',
  summary: 'Show what an attestation document says; proves nothing',
  examples: ['strongroom attestation show document.cbor'],
  arguments: { file: argument('The attestation document', parsePath) },
  async run({ arguments: args }) {
    const { parseAttestationDocument } = await import('../../crypto/attestation/document.ts');
    const found = parseAttestationDocument(await readAttestation(args.file));
    const hex = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('hex'));
    const { tee, moduleId, timestamp, sha256 } = found;
    const [nonce, channelKey, receiptKey] = [hex(found.nonce), hex(found.channelKey), hex(found.receiptKey)];
    const registers = Object.fromEntries([...found.registers].map(([index, value]) => [String(index), value]));
    return {
      data: { document: { tee, moduleId, timestamp, sha256, registers, nonce, channelKey, receiptKey } },
      ids: [sha256],
      lines: [
        ...facts([
          ['Type', tee],
          ['Enclave', moduleId],
          ['Signed at', timestamp],
          ['Nonce', nonce ?? 'none'],
          ['Channel key', channelKey ?? 'none'],
          ['Receipt key', receiptKey ?? 'none'],
          ...Object.entries(registers).map(([index, value]) => [`Register ${index}`, value] as const),
          ['SHA-256', sha256],
        ]),
        ...(tee === 'software' ? [SIMULATED] : []),
        'Nothing of this was verified: use "strongroom attestation verify".',
      ],
    };
  },
});
