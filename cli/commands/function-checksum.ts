import { argument, defineCommand, flag } from '../command.ts';
import { facts, table } from '../table.ts';
import { parsePath } from '../values.ts';

export const command = defineCommand({
  name: 'function checksum',
  summary: 'Compute the checksum by which a function is known; needs no network',
  examples: ['strongroom function checksum my-classifier', 'strongroom function checksum my-classifier --json'],
  details:
    'The checksum is the SHA-256 of the manifest that --manifest shows: a first line with its version, then a line ' +
    'for each file with SHA-256, mode, size and path, in the order of the paths as bytes.',
  arguments: { folder: argument('The folder with function.yaml', parsePath) },
  options: { manifest: flag('Show the manifest, of which it is the SHA-256') },
  async run({ arguments: { folder }, options }, context) {
    const { readFunctionFolder } = await import('../../crypto/function-folder.ts');
    const { config, checksum, manifest, files } = await readFunctionFolder(folder, context.signal);
    const listed = files.map(({ path, mode, size, sha256 }) => ({ path, mode, size, sha256 }));
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const rows = listed.map((file) => [file.path, file.mode, file.size, file.sha256]);
    return {
      data: { checksum, name: config.name, size, files: listed, ...(options.manifest && { manifest }) },
      ids: [checksum],
      lines: options.manifest
        ? manifest.trimEnd().split('\n')
        : [
            `Function Checksum ➜ ${checksum}`,
            ...facts([
              ['Name', config.name],
              ['Size', `${size} bytes in ${listed.length} files`],
            ]),
            '',
            ...table(['Path', 'Mode', 'Bytes', 'SHA-256'], rows, 'No files.'),
          ],
    };
  },
});
