/**
 * Stage, verify, release: nothing of an archive reaches anyone before all of it was checked. `verifyArchive` reads it
 * once and releases nothing; `openVerifiedArchive` reads it a second time and releases only what was checked;
 * `decryptArchiveToFile` does both at once with a file that appears when the check is passed.
 */
import { Readable } from 'node:stream';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { OnProgress } from '../domain/progress.ts';
import { CheckedCiphertext, Ciphertext } from './ciphertext.ts';
import { interrupted, namingFullDisk } from './failure.ts';
import type { ModelKey } from './model-key.ts';
import { readMessage } from './openpgp/message.ts';
import { copies, inChunks, PIECE_BYTES } from './chunks.ts';
import { StagedFile } from './staged-file.ts';
import type { Overwrite } from './staged-file.ts';

/** Bytes that may come out of an archive for which no size was registered. */
export const DEFAULT_MAX_PLAINTEXT_SIZE = 64 * 2 ** 30;

export interface ReadOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface ExpectedArchive extends ReadOptions {
  /** Of the ciphertext, as it was registered. */
  readonly expectedSha256?: Sha256;
  /** Bytes after which decrypting and decompressing stop with `E_TOO_LARGE`. */
  readonly maxPlaintextSize?: number;
}

export interface VerifyOptions<Finding = unknown> extends ExpectedArchive {
  /**
   * Looks at the plaintext in memory, before it is known to be good, and must let none of it out. It need not read to
   * the end. What it throws counts only if the archive is neither damaged nor another one than expected.
   */
  readonly inspect?: (plaintext: AsyncIterable<Buffer>) => Promise<Finding>;
}

/** What was found out about an archive that passed all checks; `openVerifiedArchive` takes it. */
export interface VerifiedArchive<Finding = unknown> {
  /** Of the ciphertext. */
  readonly sha256: Sha256;
  /** Bytes of ciphertext. */
  readonly size: number;
  readonly plaintextSize: number;
  /** What `inspect` answered. */
  readonly finding: Finding;
  /** SHA-256 of the ciphertext up to the end of each of its chunks: the second pass releases nothing that differs. */
  readonly checkpoints: readonly Buffer[];
}

/**
 * Reads all of the archive, decrypts it and releases nothing. Fails with `E_WRONG_KEY` (at once), `E_DAMAGED`,
 * `E_TRUNCATED`, `E_TRAILING_DATA`, `E_UNPROTECTED`, `E_DIGEST_MISMATCH`, `E_TOO_LARGE`, `E_NOT_AN_ARCHIVE`,
 * `E_FILE_NOT_FOUND`, `E_INTERRUPTED`, or as `inspect` fails.
 */
export function verifyArchive<Finding = undefined>(
  path: string,
  key: ModelKey,
  options: VerifyOptions<Finding> = {},
): Promise<VerifiedArchive<Finding>> {
  const { inspect } = options;
  return readThrough(path, key, options, inspect && ((plaintext) => inspect(copies(plaintext))));
}

/** Looks at the plaintext; a piece of it holds only until the next one is asked for. */
type Look<Finding> = (plaintext: AsyncIterable<Buffer>) => Promise<Finding>;

async function readThrough<Finding>(
  path: string,
  key: ModelKey,
  options: ExpectedArchive,
  look: Look<Finding> | undefined,
): Promise<VerifiedArchive<Finding>> {
  const ciphertext = await Ciphertext.open(path, { ...options, phase: 'verify' });
  try {
    const limit = options.maxPlaintextSize ?? DEFAULT_MAX_PLAINTEXT_SIZE;
    const plaintext = new CountedPlaintext(readMessage(ciphertext.read(), key.expose(), limit));
    const looked = await lookFirst(plaintext, look);
    const end = await ciphertext.end();
    expectDigest(end.sha256, options.expectedSha256);
    if ('problem' in looked) throw looked.problem;
    return { ...end, plaintextSize: plaintext.bytes, finding: looked.finding };
  } catch (error) {
    throw options.signal?.aborted ? interrupted('The check of the archive', error) : error;
  } finally {
    await ciphertext.close();
  }
}

/**
 * Decrypts the archive into a new file that appears when everything was verified. Fails as `verifyArchive` and, for the
 * file, with `E_OUTPUT_EXISTS` and `E_NO_SPACE`; nothing is left then.
 */
export async function decryptArchiveToFile(
  path: string,
  key: ModelKey,
  target: string,
  options: ExpectedArchive & { readonly overwrite?: Overwrite } = {},
): Promise<VerifiedArchive<void>> {
  const staged = await StagedFile.open(target, { ...options, input: path });
  try {
    const write: Look<void> = (plaintext) => staged.write(inChunks(plaintext), options);
    const archive = await readThrough(path, key, options, write);
    await staged.release();
    return archive;
  } catch (error) {
    await staged.discard();
    throw namingFullDisk(error, 'the archive was decrypted');
  }
}

/**
 * The plaintext of an archive that `verifyArchive` accepted. Each piece of ciphertext is compared with what was verified
 * before anything of it comes out: where the file changed meanwhile the stream fails with `E_DIGEST_MISMATCH`.
 */
export function openVerifiedArchive(
  path: string,
  key: ModelKey,
  verified: VerifiedArchive,
  options: ReadOptions = {},
): Readable {
  const { signal } = options;
  const stream = Readable.from(copies(readVerified(path, key, verified, options)), {
    objectMode: false,
    highWaterMark: PIECE_BYTES,
  });
  const stop = () => stream.destroy(interrupted('The decryption', signal?.reason));
  signal?.addEventListener('abort', stop, { once: true });
  stream.once('close', () => signal?.removeEventListener('abort', stop));
  return stream;
}

async function* readVerified(
  path: string,
  key: ModelKey,
  verified: VerifiedArchive,
  options: ReadOptions,
): AsyncGenerator<Buffer> {
  const ciphertext = await CheckedCiphertext.reopen(path, verified.checkpoints, { ...options, phase: 'decrypt' });
  try {
    yield* readMessage(ciphertext.read(), key.expose(), verified.plaintextSize);
  } catch (error) {
    throw options.signal?.aborted ? interrupted('The decryption', error) : error;
  } finally {
    await ciphertext.close();
  }
}

/** Lets `look` see it, then reads what it left: only the end says whether the archive is good. */
async function lookFirst<Finding>(
  plaintext: CountedPlaintext,
  look: Look<Finding> | undefined,
): Promise<{ finding: Finding } | { problem: unknown }> {
  const looked = look
    ? await look(plaintext.open()).then(
        (finding) => ({ finding }),
        (problem: unknown) => ({ problem }),
      )
    : { finding: undefined as Finding };
  await plaintext.drain();
  return looked;
}

/** Plaintext that is read to its end whatever its first reader does. */
class CountedPlaintext {
  bytes = 0;
  readonly #source: AsyncGenerator<Buffer>;
  #failure: { readonly error: unknown } | null = null;

  constructor(source: AsyncGenerator<Buffer>) {
    this.#source = source;
  }

  async *open(): AsyncGenerator<Buffer> {
    for (let chunk = await this.#next(); chunk; chunk = await this.#next()) yield chunk;
  }

  /** Reads the rest. Fails as the source fails, or has failed. */
  async drain(): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    while (await this.#next());
  }

  async #next(): Promise<Buffer | null> {
    try {
      const next = await this.#source.next();
      if (next.done) return null;
      this.bytes += next.value.length;
      return next.value;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

function expectDigest(found: Sha256, expected: Sha256 | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new StrongroomError('E_DIGEST_MISMATCH', 'This is another archive than the registered one.', {
    why: `Its SHA-256 is ${found}; registered is ${expected}.`,
    next: 'Nothing of it was released. Fetch it again, or ask its owner which one is right.',
  });
}
