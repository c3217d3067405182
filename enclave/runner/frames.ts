/**
 * What host and runner say to each other, over one socket: length of the frame and of its header (32 bits each,
 * big-endian), a header in JSON, and bytes. Both sides refuse what is longer than agreed.
 */
import type { Duplex } from 'node:stream';
import { StrongroomError } from '../../domain/errors.ts';

export interface Frame<Header> {
  readonly header: Header;
  readonly body: Buffer;
}

const MAX_HEADER = 64 * 1024;
/** The largest function, and its manifest. */
export const MAX_BODY = 1024 ** 3 + 4 * 1024 ** 2;
const PREFIX = 8;

/** Sends a frame; resolves when the bytes have been handed over, so that the caller may zero them. */
export function sendFrame(socket: Duplex, header: object, body: Uint8Array = new Uint8Array()): Promise<void> {
  const head = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(head.length + body.length, 0);
  prefix.writeUInt32BE(head.length, 4);
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    socket.cork();
    socket.write(prefix);
    if (body.length === 0) socket.write(head, done);
    else {
      socket.write(head);
      socket.write(body, done);
    }
    socket.uncork();
  });
}

export interface Reception {
  /** Of a frame's body; what is longer is refused. */
  readonly maxBody?: number;
  /** Comes back when there is room for a frame of so many bytes. */
  readonly room?: (bytes: number) => Promise<void>;
}

/** The frames that arrive, until the other side ends. Fails with `E_INTERNAL` on what is no frame. */
export async function* receiveFrames(
  socket: Duplex,
  { maxBody = MAX_BODY, room }: Reception = {},
): AsyncGenerator<Frame<unknown>> {
  const reader = new PieceReader(socket);
  for (;;) {
    const prefix = await reader.read(PREFIX);
    if (prefix === null) return;
    const length = prefix.readUInt32BE(0);
    const headerLength = prefix.readUInt32BE(4);
    if (headerLength > MAX_HEADER || headerLength > length || length - headerLength > maxBody) throw notAFrame();
    await room?.(length);
    const frame = await reader.read(length);
    if (frame === null) throw notAFrame();
    const header: unknown = JSON.parse(frame.toString('utf8', 0, headerLength));
    yield { header, body: frame.subarray(headerLength) };
  }
}

const notAFrame = () => new StrongroomError('E_INTERNAL', 'What came from the other side of the sandbox is no frame.');

/** Collects pieces of a stream into buffers of a wanted length, each byte copied once, and zeroes the pieces. */
class PieceReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Duplex) {
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Exactly `length` bytes in memory of their own, or `null` where the stream ended before. */
  async read(length: number): Promise<Buffer | null> {
    const whole = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      if (this.#rest.length === 0) {
        const next = await this.#pieces.next();
        if (next.done === true) return null;
        this.#rest = next.value;
      }
      const taken = this.#rest.copy(whole, filled);
      this.#rest.fill(0, 0, taken);
      this.#rest = this.#rest.subarray(taken);
      filled += taken;
    }
    return whole;
  }
}
