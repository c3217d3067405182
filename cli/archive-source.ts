/** What `archive encrypt` reads: a file, stdin, or an image of Docker Engine. */
import { open } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { readToEnd } from '../crypto/chunks.ts';
import { usage } from './usage.ts';

export interface ArchiveInput {
  readonly content: AsyncIterable<Uint8Array>;
  /** Bytes, where they are known beforehand; of an image roughly. */
  readonly size: number | null;
}

const IMAGE = /^docker:(.+)$/;

/** The path of the file that is read; `null` where it is none. */
export const inputFile = (text: string): string | null => (text === '-' || IMAGE.test(text) ? null : text);

/**
 * Ends with `signal` even where nothing comes out of a pipe. Fails with `E_FILE_NOT_FOUND`, `E_IMAGE_NOT_FOUND`,
 * `E_DOCKER_UNAVAILABLE`, and with `E_USAGE` for what is not a file.
 */
export async function openArchiveInput(text: string, signal: AbortSignal): Promise<ArchiveInput> {
  if (text === '-') return { content: addAbortSignal(signal, process.stdin), size: null };
  const image = IMAGE.exec(text)?.[1];
  return image === undefined ? openFile(text, signal) : openImage(image, signal);
}

async function openFile(path: string, signal: AbortSignal): Promise<ArchiveInput> {
  const file = await open(path).catch((error: unknown) => {
    throw Object.assign(error as Error, { path });
  });
  const about = await file.stat();
  if (about.isFile()) return { content: readToEnd(file, signal), size: about.size };
  await file.close();
  throw usage(`${path} is not a file.`, 'Name a file, - for stdin, or docker:IMAGE for an image.');
}

/** The engine exports while what it gave is encrypted: no copy of the image lies on the disk. */
async function openImage(name: string, signal: AbortSignal): Promise<ArchiveInput> {
  const { connectDocker } = await import('../containers/docker.ts');
  const { exportImage } = await import('../containers/image-export.ts');
  const image = await exportImage(await connectDocker(), name, { signal });
  return { content: image.stream, size: image.sizeEstimate };
}
