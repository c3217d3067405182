/**
 * Reads exact numbers of bytes from a stream of chunks, and the rest piece by piece, without copying what is large. A
 * piece holds only until the next one is asked for.
 */
import { StrongroomError } from '../../domain/errors.ts';

export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  readonly endsEarly: () => StrongroomError;
  #chunk: Buffer = Buffer.alloc(0);

  /** `endsEarly` makes the error for data that ends in the middle of something; it is `E_TRUNCATED` unless given. */
  constructor(source: AsyncIterable<Buffer>, endsEarly: () => StrongroomError = truncated) {
    this.#source = source[Symbol.asyncIterator]();
    this.endsEarly = endsEarly;
  }

  /** The next bytes, at most `most` and not a copy; `null` at the end. */
  async readSome(most: number): Promise<Buffer | null> {
    if (this.#chunk.length === 0 && !(await this.#fill())) return null;
    const taken = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** The bytes that are at hand, without taking them; none at the end. */
  async peek(): Promise<Buffer> {
    if (this.#chunk.length === 0) await this.#fill();
    return this.#chunk;
  }

  /** A copy of exactly `length` bytes. Fails where the data ends before. */
  async read(length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const part = await this.readSome(length - done);
      if (!part) throw this.endsEarly();
      done += part.copy(bytes, done);
    }
    return bytes;
  }

  async readByte(): Promise<number> {
    const byte = await this.readByteOrEnd();
    if (byte === null) throw this.endsEarly();
    return byte;
  }

  async readByteOrEnd(): Promise<number | null> {
    return (await this.readSome(1))?.[0] ?? null;
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #fill(): Promise<boolean> {
    do {
      const next = await this.#source.next();
      if (next.done) return false;
      this.#chunk = next.value;
    } while (this.#chunk.length === 0);
    return true;
  }
}

export const truncated = (): StrongroomError =>
  new StrongroomError('E_TRUNCATED', 'The archive ends too early.', {
    why: 'Its last part is missing.',
    next: 'Fetch it again.',
  });
