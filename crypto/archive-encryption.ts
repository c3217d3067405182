/** Makes an encrypted archive out of whatever can be read, in one pass and in little memory. */
import { Readable } from 'node:stream';
import { createZstdCompress } from 'node:zlib';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import { parseSha256 } from '../domain/ids.ts';
import type { OnProgress } from '../domain/progress.ts';
import { abortable } from './abortable.ts';
import { interrupted, namingFullDisk } from './failure.ts';
import type { ModelKey } from './model-key.ts';
import { writeMessage } from './openpgp/message.ts';
import type { WriteOptions } from './openpgp/message.ts';
import { copies, inChunks } from './chunks.ts';
import type { Chunk } from './chunks.ts';
import { RunningDigest } from './running-digest.ts';
import { StagedFile } from './staged-file.ts';
import type { OnWritten, Overwrite } from './staged-file.ts';

export type ArchiveSource = AsyncIterable<Uint8Array>;
/** `zstd` compresses before the encryption: what comes out of the archive again is a zstd file. */
export type ArchiveCompression = 'none' | 'zstd';

export interface EncryptOptions extends WriteOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Bytes of the source where they are known: the total that progress reports. */
  readonly sizeHint?: number;
  readonly compression?: ArchiveCompression;
  /** Told how much of the output lies on the disk by now, and where. */
  readonly onWritten?: OnWritten;
  /** What to do where something is at the output's place already. */
  readonly overwrite?: Overwrite;
}

export interface EncryptedArchive {
  /** Of the ciphertext. */
  readonly sha256: Sha256;
  /** Bytes of ciphertext. */
  readonly size: number;
  /** Bytes that decrypting will give: those of the source, or with `zstd` those of the compressed source. */
  readonly plaintextSize: number;
}

/**
 * Encrypts `source` to a file at `target` that appears when it is complete. Fails with `E_INTERRUPTED`, `E_NO_SPACE`,
 * `E_OUTPUT_EXISTS`, `E_USAGE` for an empty source, or as the source fails; no file is left then.
 */
export async function encryptArchive(
  source: ArchiveSource,
  key: ModelKey,
  target: string,
  options: EncryptOptions = {},
): Promise<EncryptedArchive> {
  const encryption = new Encryption(source, key, options);
  try {
    await writeToFile(encryption.archive(), target, options);
    return await encryption.result();
  } catch (error) {
    throw options.signal?.aborted ? interrupted('The encryption', error) : error;
  } finally {
    await encryption.close();
  }
}

async function writeToFile(archive: AsyncIterable<Chunk>, path: string, options: EncryptOptions): Promise<void> {
  const staged = await StagedFile.open(path, options);
  try {
    await staged.write(archive, options);
    await staged.release();
  } catch (error) {
    await staged.discard();
    throw namingFullDisk(error, 'the archive was written');
  }
}

/** Counts and digests what goes through. */
class Encryption {
  readonly #source: ArchiveSource;
  readonly #key: ModelKey;
  readonly #options: EncryptOptions;
  readonly #digest = new RunningDigest('sha256');
  #plaintextSize = 0;
  #size = 0;

  constructor(source: ArchiveSource, key: ModelKey, options: EncryptOptions) {
    this.#source = source;
    this.#key = key;
    this.#options = options;
  }

  async *archive(): AsyncGenerator<Chunk> {
    for await (const chunk of inChunks(writeMessage(this.#content(), this.#key.expose(), this.#options))) {
      this.#digest.add(chunk);
      this.#size += chunk.length;
      yield chunk;
    }
  }

  async result(): Promise<EncryptedArchive> {
    const sha256 = parseSha256((await this.#digest.digest()).toString('hex'));
    return { sha256, size: this.#size, plaintextSize: this.#plaintextSize };
  }

  async close(): Promise<void> {
    await this.#digest.close();
  }

  async *#content(): AsyncGenerator<Buffer> {
    for await (const bytes of compress(this.#readSource(), this.#options.compression ?? 'none')) {
      this.#plaintextSize += bytes.length;
      yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    }
  }

  async *#readSource(): AsyncGenerator<Uint8Array> {
    const { onProgress, signal, sizeHint = null } = this.#options;
    let bytesDone = 0;
    for await (const chunk of abortable(this.#source, signal)) {
      bytesDone += chunk.length;
      yield chunk;
      onProgress?.({ phase: 'encrypt', bytesDone, bytesTotal: sizeHint });
    }
    if (bytesDone > 0) return;
    throw new StrongroomError('E_USAGE', 'There is nothing to encrypt.', { why: 'The source is empty.' });
  }
}

function compress(content: ArchiveSource, compression: ArchiveCompression): ArchiveSource {
  if (compression === 'none') return content;
  return Readable.from(copies(content), { objectMode: false }).compose(createZstdCompress()) as AsyncIterable<Buffer>;
}
