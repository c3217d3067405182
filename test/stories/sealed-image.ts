/** An archive that its owner encrypted, of a small image, with the key beside it. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { strongroom } from '../cli/support.ts';

/** Answers the archive; the key lies at `<folder>/model.key`. */
export async function sealedImage(folder: string, imageName: string): Promise<Buffer> {
  const [archive, key] = [path.join(folder, 'model.gpg'), path.join(folder, 'model.key')];
  const saved = execFileSync('docker', ['save', imageName], { maxBuffer: 64 * 2 ** 20 });
  const encrypt = ['archive', 'encrypt', '-', '--out', archive, '--key-file', key, '--generate-key'];
  const made = await strongroom(encrypt, { keepStdinOpen: true, meanwhile: (child) => child.stdin?.end(saved) });
  if (made.code !== 0) throw new Error(made.stderr);
  return readFile(archive);
}
