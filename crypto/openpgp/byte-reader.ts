/** Reads exact numbers of bytes from a stream of chunks, and the rest chunk by chunk, without copying what is large. */
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

  /** The next bytes, at most `most`; `null` at the end. */
  async readSome(most: number): Promise<Buffer | null> {
    if (this.#chunk.length === 0 && !(await this.#fill())) return null;
    const taken = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  /** Exactly `length` bytes. Fails where the data ends before. */
  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let missing = length; missing > 0;) {
      const part = await this.readSome(missing);
      if (!part) throw this.endsEarly();
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, length);
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
