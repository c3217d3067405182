/** What is encrypted: a file that no compressor makes smaller, and the archive of a real image. */
import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { connectDocker } from '../../containers/docker.ts';
import { exportImage } from '../../containers/image-export.ts';
import { buildExampleImage } from '../../examples/build-image.ts';

const MEBIBYTE = 2 ** 20;

export async function writeRandomFile(path: string, mebibytes: number): Promise<void> {
  const content = function* () {
    for (let made = 0; made < mebibytes; made += 1) yield randomFillSync(Buffer.alloc(MEBIBYTE));
  };
  await pipeline(content(), createWriteStream(path));
}

/** Writes what `docker save` gives of the example's image, and answers the image's name. */
export async function saveImage(path: string): Promise<string> {
  const { imageName } = await buildExampleImage('digits-model', () => undefined);
  await pipeline((await exportImage(await connectDocker(), imageName)).stream, createWriteStream(path));
  return imageName;
}
