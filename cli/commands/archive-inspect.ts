import { argument, defineCommand } from '../command.ts';
import { facts } from '../table.ts';
import { parseFile } from '../values.ts';

export const command = defineCommand({
  name: 'archive inspect',
  summary: 'Show how an archive is encrypted; needs no key',
  examples: ['strongroom archive inspect model.tar.gpg'],
  arguments: { in: argument('The encrypted archive', parseFile) },
  async run({ arguments: args }, context) {
    const { inspectArchive } = await import('../../crypto/archive-inspection.ts');
    const found = await inspectArchive(args.in, { signal: context.signal });
    return {
      data: { archive: found },
      ids: [found.sha256],
      lines: facts([
        ['Format', found.format],
        ['Cipher', found.cipher],
        ['Key derivation', found.s2k],
        ['Integrity', found.integrity],
        ['Size', found.size],
        ['SHA-256', found.sha256],
      ]),
    };
  },
});
