/**
 * `npm run bench:archive`: encrypting and decrypting beside gpg, on a file of random bytes and on the archive of a real
 * image; then whether the export of an image overlaps with its encryption. Each program is started as its users start
 * it, so its start and, for ours, the SHA-256 and the sync to the disk count.
 *
 *     node bench/archive.ts [--rounds N] [--mebibytes N] [--folder FOLDER]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createModelKey } from '../crypto/model-key.ts';
import { saveImage, writeRandomFile } from './archive/inputs.ts';
import { measureOverlap } from './archive/overlap.ts';
import { compare } from './archive/rows.ts';
import { toolsWith } from './archive/tools.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    mebibytes: { type: 'string', default: '1024' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const rounds = Number(values.rounds);

const folder = await mkdtemp(join(values.folder, 'strongroom-bench-'));
try {
  const keyFile = join(folder, 'key');
  (await createModelKey(keyFile))[Symbol.dispose]();
  const gpgHome = join(folder, 'gpg');
  await mkdir(gpgHome, { mode: 0o700 });
  const tools = toolsWith(keyFile, gpgHome);

  const random = join(folder, 'random');
  await writeRandomFile(random, Number(values.mebibytes));
  console.log(`\n${values.mebibytes} MiB of random bytes`);
  console.table(await compare(tools, random, rounds));
  await rm(random);

  const image = join(folder, 'image.tar');
  const imageName = await saveImage(image);
  console.log(`\ndocker save ${imageName}`);
  console.table(await compare(tools, image, rounds));

  console.log(`\nstrongroom archive encrypt docker:${imageName}`);
  for (const tool of tools.filter(({ name }) => name.startsWith('strongroom'))) {
    console.table({ [tool.name]: await measureOverlap(tool, imageName, image, rounds) });
  }
} finally {
  await rm(folder, { recursive: true });
}
