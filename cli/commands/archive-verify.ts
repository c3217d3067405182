import { keyFileOption, withKey } from '../archive-key.ts';
import { argument, defineCommand, option } from '../command.ts';
import { parseSha256 } from '../../domain/ids.ts';
import { parseFile } from '../values.ts';

export const command = defineCommand({
  name: 'archive verify',
  summary: 'Say whether an archive is whole and the key is the right one',
  examples: ['strongroom archive verify model.tar.gpg --key-file model.key'],
  details: 'Exit codes: 0 good, 3 damaged or another archive, 4 wrong key, 6 not there. Nothing is written.',
  arguments: { in: argument('The encrypted archive', parseFile) },
  options: {
    'key-file': keyFileOption,
    sha256: option('HEX', 'What the SHA-256 of the archive must be', parseSha256),
  },
  async run({ arguments: args, options }, context) {
    const { verifyArchive } = await import('../../crypto/archive-decryption.ts');
    const display = context.output.progress();
    const { sha256, size, plaintextSize } = await withKey(context, options['key-file'], (key) =>
      verifyArchive(args.in, key, {
        signal: context.signal,
        onProgress: (progress) => display.report(progress),
        ...(options.sha256 && { expectedSha256: options.sha256 }),
      }),
    );
    display.erase();
    return {
      data: { verified: true, sha256, size, plaintextSize },
      ids: [sha256],
      lines: [`The archive is whole and the key opens it. SHA-256 ${sha256}, ${plaintextSize} bytes inside.`],
    };
  },
});
