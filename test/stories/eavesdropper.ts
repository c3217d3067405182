/** Somebody between a caller and the platform who reads all and changes some: as much as the platform's API could do. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { WebSocket, WebSocketServer, type RawData } from 'ws';

export interface Tampering {
  /** What is asked for instead of `path`. */
  readonly path?: (path: string) => string;
  /** What the caller of a session gets instead of the runner's document. */
  readonly document?: (document: Buffer) => Buffer;
}

export class Eavesdropper implements AsyncDisposable {
  tampering: Tampering = {};
  /** Messages of callers in sessions: text, which is ticket and nonce, and sealed ones; and what was said in the open, headers first. */
  readonly heard = { open: 0, sealed: 0, said: [] as string[] };
  readonly #platform: string;
  readonly #server: Server;
  readonly #sessions: WebSocketServer;

  private constructor(platform: string) {
    this.#platform = platform;
    this.#server = createServer((asked, reply) => {
      this.#forward(asked, reply).catch(() => reply.destroy());
    });
    this.#sessions = new WebSocketServer({ server: this.#server });
    this.#sessions.on('connection', (caller: WebSocket, asked: IncomingMessage) => {
      this.heard.said.push(`${asked.url ?? ''} ${asked.rawHeaders.join(' ')}`);
      this.#join(caller, asked.url ?? '');
    });
  }

  static async listen(platform: string): Promise<Eavesdropper> {
    const eavesdropper = new Eavesdropper(platform);
    await once(eavesdropper.#server.listen(0, '127.0.0.1'), 'listening');
    return eavesdropper;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const caller of this.#sessions.clients) caller.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #forward(asked: IncomingMessage, reply: ServerResponse): Promise<void> {
    const { authorization = '', 'content-type': type, 'idempotency-key': key } = asked.headers;
    const path = asked.url ?? '';
    const body = await buffer(asked);
    const answer = await fetch(new URL(this.tampering.path?.(path) ?? path, this.#platform), {
      method: asked.method ?? 'GET',
      headers: {
        authorization,
        ...(type !== undefined && { 'content-type': type }),
        ...(typeof key === 'string' && { 'idempotency-key': key }),
      },
      ...(body.length > 0 && { body }),
    });
    reply.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    reply.end(Buffer.from(await answer.arrayBuffer()));
  }

  #join(caller: WebSocket, path: string): void {
    const platform = new WebSocket(new URL(path, this.#platform.replace(/^http/, 'ws')));
    const opened = once(platform, 'open');
    caller.on('message', (data: RawData, isBinary: boolean) => {
      this.heard[isBinary ? 'sealed' : 'open'] += 1;
      if (!isBinary) this.heard.said.push((data as Buffer).toString());
      void opened.then(() => {
        platform.send(data as Buffer, { binary: isBinary });
      });
    });
    let answers = 0;
    platform.on('message', (data: RawData, isBinary: boolean) => {
      const isDocument = isBinary && answers++ === 0;
      const bytes = data as Buffer;
      caller.send(isDocument ? (this.tampering.document?.(bytes) ?? bytes) : bytes, { binary: isBinary });
    });
    caller.on('close', () => {
      platform.terminate();
    });
    platform.on('close', () => {
      caller.close();
    });
    platform.on('error', () => {
      caller.close();
    });
  }
}
