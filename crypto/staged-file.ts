/**
 * Output that appears whole or not at all: written beside its place under a name of its own, synced, then moved there.
 * What a killed process leaves is one file named `.NAME.PID-RANDOM.partial`, and whoever writes to that place next removes it.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { StrongroomError } from '../domain/errors.ts';
import { codeOf, namingFullDisk } from './failure.ts';
import type { Chunk } from './chunks.ts';
import { syncFolder } from './private-file.ts';

export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Told how many bytes lie in the draft by now, for who wants to read along. */
  readonly onWritten?: OnWritten;
}

export type OnWritten = (draft: string, bytes: number) => void;

/** What to do where the output is there already. A folder is never replaced. */
export type Overwrite = 'refuse' | 'replace';

export interface OutputOptions {
  /** The file that the output is made from: only `replace` may put the output in its place. */
  readonly input?: string;
  readonly overwrite?: Overwrite;
}

/** Bytes that are written before the disk is asked to take them. */
const SYNC_BYTES = 64 * 2 ** 20;
/** What the file is to be called, and who writes it. */
const DRAFT = /^\.(.*)\.(\d+)-[0-9a-f]{12}\.partial$/s;

/**
 * Says before any work whether `path` can become an output. Fails with `E_OUTPUT_EXISTS` for a file, a link or a folder
 * that is there, the input itself among them, and with `E_FILE_NOT_FOUND` where the folder is missing.
 */
export async function checkOutput(path: string, options: OutputOptions = {}): Promise<void> {
  const folder = dirname(resolve(path));
  const parent = await lookUp(`${folder}/`);
  if (!parent?.isDirectory()) throw new StrongroomError('E_FILE_NOT_FOUND', `There is no folder ${folder}.`);
  const there = await lookUp(path);
  if (!there) return;
  if (there.isDirectory()) throw taken(path, 'It is a folder.', 'Name a file in it.');
  if (options.overwrite === 'replace') {
    if (there.isFile() || there.isSymbolicLink()) return;
    throw taken(path, 'It is not an ordinary file.', 'Choose another file.');
  }
  const input = options.input === undefined ? null : await lookUp(options.input);
  if (input && input.dev === there.dev && input.ino === there.ino) {
    throw taken(path, 'Input and output are the same file.', 'Choose another file.');
  }
  throw taken(
    path,
    there.isSymbolicLink() ? 'It is a link.' : 'It is there already.',
    'Choose another file, or add --force.',
  );
}

const lookUp = (path: string) =>
  lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  });

const taken = (path: string, why: string, next: string) =>
  new StrongroomError('E_OUTPUT_EXISTS', `${path} cannot be written.`, { why, next });

/** A file on its way to `path`. Until `release` nobody sees it there; after `discard` nothing of it is left. */
export class StagedFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #draft: string;
  readonly #overwrite: Overwrite;
  #syncing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, draft: string, handle: FileHandle, overwrite: Overwrite) {
    this.#path = path;
    this.#draft = draft;
    this.#handle = handle;
    this.#overwrite = overwrite;
  }

  /** Checks the output, clears what killed processes left of it and opens the draft beside it, mode 0600. */
  static async open(path: string, options: OutputOptions = {}): Promise<StagedFile> {
    await checkOutput(path, options);
    const target = resolve(path);
    await sweepDrafts(target);
    const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
    const draft = join(dirname(target), `.${basename(target)}.${unique}.partial`);
    const handle = await open(draft, 'wx', 0o600).catch((error: unknown) => {
      throw namingFullDisk(error, 'the output was begun');
    });
    return new StagedFile(target, draft, handle, options.overwrite ?? 'refuse');
  }

  /** Writes each chunk while the next is made. */
  async write(content: AsyncIterable<Chunk>, { signal, onWritten }: WriteOptions = {}): Promise<void> {
    let writing: Promise<void> = Promise.resolve();
    let [written, unsynced] = [0, 0];
    try {
      for await (const chunk of content) {
        signal?.throwIfAborted();
        await writing;
        onWritten?.(this.#draft, written);
        writing = this.#writeWhole(chunk.bytes);
        written += chunk.length;
        chunk.holdFor(writing);
        unsynced += chunk.length;
        if (unsynced < SYNC_BYTES) continue;
        this.#syncMeanwhile(writing);
        unsynced = 0;
      }
    } finally {
      await writing;
    }
  }

  /** What lies on the disk already need not be waited for at the end. */
  #syncMeanwhile(written: Promise<void>): void {
    const sync = this.#syncing.then(() => written).then(() => this.#handle.datasync());
    this.#syncing = sync.catch(() => undefined);
  }

  async #writeWhole(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      done += (await this.#handle.write(chunk, done)).bytesWritten;
    }
  }

  /** Puts the file in its place, where it lasts. Fails with `E_OUTPUT_EXISTS` if something came there meanwhile. */
  async release(): Promise<void> {
    await this.#syncing;
    await this.#handle.sync();
    await this.#handle.close();
    if (this.#overwrite === 'replace') {
      await rename(this.#draft, this.#path);
    } else {
      await link(this.#draft, this.#path).catch((error: unknown) => {
        throw codeOf(error) === 'EEXIST'
          ? taken(this.#path, 'Something came there meanwhile.', 'Nothing was lost.')
          : error;
      });
      await unlink(this.#draft);
    }
    await syncFolder(dirname(this.#path));
  }

  /** Removes the draft. Can be called after anything, and again. */
  async discard(): Promise<void> {
    await this.#syncing;
    await this.#handle.close().catch(() => undefined);
    await unlink(this.#draft).catch(() => undefined);
  }
}

/** Removes what processes that were killed left of this output. */
async function sweepDrafts(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    const draft = DRAFT.exec(name);
    if (draft?.[1] !== basename(target) || isAlive(Number(draft[2]))) continue;
    await unlink(join(folder, name)).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
