import type { ModelKey } from '../../crypto/model-key.ts';
import { keyFileOption, withKey, withNewKey } from '../archive-key.ts';
import { inputFile, openArchiveInput } from '../archive-source.ts';
import { argument, defineCommand, flag, requiredOption } from '../command.ts';
import { facts } from '../table.ts';
import { parseFile } from '../values.ts';

export const command = defineCommand({
  name: 'archive encrypt',
  summary: 'Encrypt an archive so that stock gpg can open it',
  examples: [
    'strongroom archive encrypt model.tar --out model.tar.gpg --key-file model.key --generate-key',
    'strongroom archive encrypt docker:digits-model:1 --out model.tar.gpg --key-file model.key',
    'docker save digits-model:1 | strongroom archive encrypt - --out model.tar.gpg --key-file model.key',
  ],
  details: 'Opens with: gpg --batch --decrypt --passphrase-file KEY model.tar.gpg (not with --aead).',
  arguments: { in: argument('A file, - for stdin, or docker:IMAGE[:TAG] for an image') },
  options: {
    out: requiredOption('FILE', 'Where the archive goes; it appears when it is complete', parseFile),
    'key-file': keyFileOption,
    'generate-key': flag('Make the key; the file must not be there yet'),
    zstd: flag('Compress with zstd before the encryption'),
    aead: flag('Use RFC 9580 AEAD: faster, but gpg cannot read it'),
    force: flag('Replace the output where it is there already'),
  },
  async run({ arguments: args, options }, context) {
    const { encryptArchive } = await import('../../crypto/archive-encryption.ts');
    const { checkOutput } = await import('../../crypto/staged-file.ts');
    const overwrite = options.force ? 'replace' : 'refuse';
    const file = inputFile(args.in);
    await checkOutput(options.out, { ...(file !== null && { input: file }), overwrite });
    const input = await openArchiveInput(args.in, context.signal);
    const display = context.output.progress();
    const encrypt = (key: ModelKey) =>
      encryptArchive(input.content, key, options.out, {
        signal: context.signal,
        onProgress: (progress) => display.report(progress),
        format: options.aead ? 'openpgp-aead' : 'openpgp-cfb',
        compression: options.zstd ? 'zstd' : 'none',
        overwrite,
        ...(input.size !== null && { sizeHint: input.size }),
      });
    const keyFile = options['key-file'];
    const archive = await (options['generate-key'] ? withNewKey(keyFile, encrypt) : withKey(context, keyFile, encrypt));
    display.erase();
    return {
      data: { out: options.out, keyFile, ...archive },
      ids: [archive.sha256],
      lines: facts([
        ['Archive', options.out],
        ['Key', keyFile],
        ['Size', archive.size],
        ['SHA-256', archive.sha256],
      ]),
    };
  },
});
