import { parseSha256 } from '../../domain/ids.ts';
import {
  parseHex,
  parseRegister,
  parseTime,
  readAttestation,
  readRoot,
  registersOf,
  SIMULATED,
  stepLines,
} from '../attestation.ts';
import { argument, defineCommand, flag, listOption, option } from '../command.ts';
import { facts } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'attestation verify',
  summary: 'Say whether an attestation document proves what you demand',
  examples: [
    'strongroom attestation verify document.cbor --root aws-nitro --pcr 0:bda7…',
    'strongroom attestation verify document.cbor --root aws-nitro --at 2023-02-10T12:44:00Z --verbose',
    'strongroom attestation verify document.cbor --root operator.pem --function-checksum 3f2a…',
  ],
  details:
    'Without --pcr and --function-checksum it proves only that some enclave below the root signed the document. ' +
    'A root other than aws-nitro accepts software documents, with which the operator can still read the memory.',
  arguments: { file: argument('The attestation document', parsePath) },
  options: {
    root: option('NAME|FILE', 'The pinned root: aws-nitro (the default), or a PEM file for software documents'),
    at: option('TIME', 'The time for which it must hold; now by default', parseTime),
    pcr: listOption(
      'I:HEX',
      'A value that register I may have; several for one register are alternatives',
      parseRegister,
    ),
    nonce: option('HEX', 'The nonce that was sent', parseHex),
    'function-checksum': option('HEX', 'The checksum of the function that must run there', parseSha256),
    verbose: flag('Show every step'),
  },
  async run({ arguments: args, options }, context) {
    const { AttestationError, verifyAttestation } = await import('../../crypto/attestation/verify.ts');
    const document = await readAttestation(args.file);
    const root = await readRoot(options.root ?? 'aws-nitro');
    try {
      const verified = verifyAttestation(document, {
        accept: [root.tee],
        roots: [root],
        at: options.at ?? new Date().toISOString(),
        nonce: options.nonce ?? null,
        maxAgeSeconds: null,
        registers: registersOf(options.pcr),
        functionChecksum: options['function-checksum'] ?? null,
        channelKey: null,
      });
      const { steps, tee, moduleId, timestamp, functionChecksum, documentHash } = verified;
      return {
        data: { valid: true, tee, moduleId, timestamp, functionChecksum, documentHash, steps },
        ids: [documentHash],
        lines: [
          ...(options.verbose ? stepLines(steps) : []),
          ...facts([
            ['Verdict', 'the document holds'],
            ['Type', tee],
            ['Enclave', moduleId],
            ['Signed at', timestamp],
            ['Document', documentHash],
          ]),
          ...(tee === 'software' ? [SIMULATED] : []),
          ...(options.pcr.length === 0 ? ['No register was demanded: say with --pcr which program you trust.'] : []),
        ],
      };
    } catch (error) {
      if (error instanceof AttestationError && options.verbose) context.output.note(stepLines(error.steps).join('\n'));
      throw error;
    }
  },
});
