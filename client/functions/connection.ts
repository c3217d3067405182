/** The WebSocket of a session: text that is said in the open before and at the end, and sealed messages in between. */
import { WebSocket, type RawData } from 'ws';
import { fromErrorFields, isErrorCode, StrongroomError } from '../../domain/errors.ts';
import { MOST } from '../../domain/function.ts';
import { unreachable } from '../platform-failure.ts';

const CONNECT_MS = 75_000;
const MOST_FRAME_BYTES = Math.ceil(MOST.inputBytes * 1.25);

interface Waiting {
  readonly resolve: (message: Buffer) => void;
  readonly reject: (error: unknown) => void;
}

/** Messages in the order in which they came; whoever waits when the connection ends is told why. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #arrived: Buffer[] = [];
  readonly #waiting: Waiting[] = [];
  #ended: StrongroomError | null = null;

  private constructor(socket: WebSocket, apiUrl: string) {
    this.#socket = socket;
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) this.#take(data as Buffer);
      else this.#end(readFailure(data as Buffer));
    });
    socket.on('error', (error) => {
      this.#end(unreachable(apiUrl, error));
    });
    socket.on('close', () => {
      this.#end(closed());
    });
  }

  /** Connects and says `hello`. Fails with `E_UNAVAILABLE`. */
  static async open(apiUrl: string, hello: object, signal?: AbortSignal): Promise<Connection> {
    const url = new URL('/v1/sessions', apiUrl);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: MOST_FRAME_BYTES,
      handshakeTimeout: CONNECT_MS,
      followRedirects: false,
    });
    const connection = new Connection(socket, apiUrl);
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => {
        reject(unreachable(apiUrl, error));
      });
    });
    await connection.#untilAborted(opened, signal);
    socket.send(JSON.stringify(hello));
    return connection;
  }

  get ended(): boolean {
    return this.#ended !== null;
  }

  send(message: Uint8Array): void {
    if (this.#ended) throw this.#ended;
    this.#socket.send(message);
  }

  /** The next message. Fails as the connection ended, or as `signal` says, which ends it. */
  receive(signal?: AbortSignal): Promise<Buffer> {
    const first = this.#arrived.shift();
    if (first) return Promise.resolve(first);
    if (this.#ended) return Promise.reject(this.#ended);
    const message = new Promise<Buffer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    return this.#untilAborted(message, signal);
  }

  /** What `awaited` gives. An abort meanwhile ends the connection; one that comes later means nothing to it. */
  async #untilAborted<T>(awaited: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (!signal) return awaited;
    const settled = new AbortController();
    const aborted = new Promise<never>((_resolve, reject) => {
      const abort = () => {
        reject(signal.reason as Error);
        this.close();
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true, signal: settled.signal });
    });
    try {
      return await Promise.race([aborted, awaited]);
    } finally {
      settled.abort();
    }
  }

  close(): void {
    this.#end(closed());
    this.#socket.close();
    this.#socket.once('error', () => undefined);
  }

  #take(message: Buffer): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(message);
    else this.#arrived.push(message);
  }

  #end(why: StrongroomError): void {
    this.#ended ??= why;
    this.#waiting.splice(0).forEach(({ reject }) => {
      reject(this.#ended);
    });
  }
}

/** Said in the open by the host or the API, neither of which saw what was sent: good for a reason, never for an answer. */
function readFailure(text: Buffer): StrongroomError {
  try {
    const { code, message, why, next } = JSON.parse(text.toString('utf8')) as Readonly<Record<string, unknown>>;
    const words = (value: unknown) => (typeof value === 'string' ? value : undefined);
    if (isErrorCode(code)) {
      return fromErrorFields({ code, message: words(message) ?? code, why: words(why), next: words(next) });
    }
  } catch {
    // Named below.
  }
  return new StrongroomError('E_CHANNEL', 'What came over the session is not understood.');
}

const closed = () =>
  new StrongroomError('E_RUNNER_RESTARTED', 'The session has ended.', {
    why: 'It was idle, its time was over, or the connection broke.',
    next: 'Begin another one.',
  });
