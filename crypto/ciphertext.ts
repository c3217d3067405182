/** An encrypted archive on disk, digested while it is read; and the second reading, compared with the first. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import { parseSha256 } from '../domain/ids.ts';
import type { OnProgress } from '../domain/progress.ts';
import { codeOf } from './failure.ts';
import type { Chunk } from './chunks.ts';
import { readChunks } from './chunks.ts';
import { RunningDigest } from './running-digest.ts';

export interface CiphertextOptions {
  readonly phase: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface CiphertextEnd {
  readonly sha256: Sha256;
  readonly size: number;
  readonly checkpoints: readonly Buffer[];
}

/** Opens a file for reading, with errors in the words of the field. */
export async function openArchiveFile(path: string): Promise<{ handle: FileHandle; size: number }> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new StrongroomError('E_FILE_NOT_FOUND', `There is no file ${path}.`);
  });
  const { size } = await handle.stat();
  return { handle, size };
}

/** The first reading. */
export class Ciphertext {
  readonly #file: FileHandle;
  readonly #chunks: AsyncGenerator<Chunk>;
  readonly #total: number;
  readonly #options: CiphertextOptions;
  readonly #digest = new RunningDigest('sha256');
  readonly #checkpoints: Promise<Buffer>[] = [];
  #size = 0;

  constructor(file: { handle: FileHandle; size: number }, options: CiphertextOptions) {
    this.#file = file.handle;
    this.#chunks = readChunks(file.handle, options.signal);
    this.#total = file.size;
    this.#options = options;
  }

  static async open(path: string, options: CiphertextOptions): Promise<Ciphertext> {
    return new Ciphertext(await openArchiveFile(path), options);
  }

  /** The bytes from the first to the last; each chunk counts for the digest before it is handed out, and holds until the next. */
  async *read(): AsyncGenerator<Buffer> {
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) {
      const chunk = next.value;
      this.#size += chunk.length;
      this.#digest.add(chunk);
      await this.check(this.#digest.digest());
      yield chunk.bytes;
      this.#options.onProgress?.({ phase: this.#options.phase, bytesDone: this.#size, bytesTotal: this.#total });
    }
  }

  /** Reads what nobody read so far, and answers what was there. */
  async end(): Promise<CiphertextEnd> {
    for await (const _ of this.read());
    return {
      sha256: parseSha256((await this.#digest.digest()).toString('hex')),
      size: this.#size,
      checkpoints: await Promise.all(this.#checkpoints),
    };
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
    await this.#digest.close();
    await this.#file.close();
  }

  /** Takes note of the digest of all bytes up to here. */
  protected check(soFar: Promise<Buffer>): Promise<void> | void {
    soFar.catch(() => undefined);
    this.#checkpoints.push(soFar);
  }
}

/** The second reading: hands out only what the first one saw. */
export class CheckedCiphertext extends Ciphertext {
  readonly #expected: readonly Buffer[];
  #chunks = 0;

  constructor(file: { handle: FileHandle; size: number }, expected: readonly Buffer[], options: CiphertextOptions) {
    super(file, options);
    this.#expected = expected;
  }

  static async reopen(
    path: string,
    expected: readonly Buffer[],
    options: CiphertextOptions,
  ): Promise<CheckedCiphertext> {
    return new CheckedCiphertext(await openArchiveFile(path), expected, options);
  }

  protected override async check(soFar: Promise<Buffer>): Promise<void> {
    const expected = this.#expected[this.#chunks++];
    if (expected?.equals(await soFar)) return;
    throw new StrongroomError('E_DIGEST_MISMATCH', 'The archive changed after it was verified.', {
      why: 'Its bytes are not the ones that passed the check.',
      next: 'Nothing that was changed was released. Verify it again.',
    });
  }
}
