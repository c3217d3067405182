/** What `archive encrypt` reads: a file, or stdin. */
import { open } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { usage } from './command.ts';

export interface ArchiveInput {
  readonly content: AsyncIterable<Uint8Array>;
  /** Bytes, where they are known beforehand. */
  readonly size: number | null;
}

const PIECE = 2 ** 20;

/** Ends with `signal` even where nothing comes out of a pipe. Fails with `E_FILE_NOT_FOUND`, and with `E_USAGE` for what is not a file. */
export async function openArchiveInput(text: string, signal: AbortSignal): Promise<ArchiveInput> {
  if (text === '-') return { content: addAbortSignal(signal, process.stdin), size: null };
  const image = /^docker:(.+)$/.exec(text)?.[1];
  if (image !== undefined) {
    throw usage('Images are not read here.', `Run: docker save ${image} | strongroom archive encrypt - …`);
  }
  const file = await open(text).catch((error: unknown) => {
    throw Object.assign(error as Error, { path: text });
  });
  const about = await file.stat();
  if (about.isFile())
    return { content: addAbortSignal(signal, file.createReadStream({ highWaterMark: PIECE })), size: about.size };
  await file.close();
  throw usage(`${text} is not a file.`, 'Name a file, or - for stdin.');
}
