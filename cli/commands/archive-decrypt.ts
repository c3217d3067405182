import { keyFileOption, withKey } from '../archive-key.ts';
import { argument, defineCommand, flag, option, requiredOption } from '../command.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { facts } from '../table.ts';
import { parseFile } from '../values.ts';

export const command = defineCommand({
  name: 'archive decrypt',
  summary: 'Decrypt an archive, ours or made by gpg',
  examples: ['strongroom archive decrypt model.tar.gpg --out model.tar --key-file model.key'],
  details: 'The output appears when everything was verified; on any failure there is none.',
  arguments: { in: argument('The encrypted archive', parseFile) },
  options: {
    out: requiredOption('FILE', 'Where the plaintext goes', parseFile),
    'key-file': keyFileOption,
    sha256: option('HEX', 'What the SHA-256 of the archive must be', parseSha256),
    force: flag('Replace the output where it is there already'),
  },
  async run({ arguments: args, options }, context) {
    const { decryptArchiveToFile } = await import('../../crypto/archive-decryption.ts');
    const display = context.output.progress();
    const archive = await withKey(context, options['key-file'], (key) =>
      decryptArchiveToFile(args.in, key, options.out, {
        signal: context.signal,
        onProgress: (progress) => display.report(progress),
        overwrite: options.force ? 'replace' : 'refuse',
        ...(options.sha256 && { expectedSha256: options.sha256 }),
      }),
    );
    display.erase();
    const { sha256, size, plaintextSize } = archive;
    return {
      data: { out: options.out, sha256, size, plaintextSize },
      ids: [options.out],
      lines: facts([
        ['Plaintext', options.out],
        ['Size', plaintextSize],
        ['Archive SHA-256', sha256],
      ]),
    };
  },
});
