/** Streams of server-sent events: opened for one caller, kept open by a heartbeat, ended with the caller's token or the server. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import { bearerToken } from './caller.ts';
import type { App, Services } from './services.ts';

const HEARTBEAT_MS = 15_000;

export interface EventStream {
  /** Writes an event; `data` is JSON on one line. */
  send(id: string, name: string, data: object): void;
  end(): void;
  /** Breaks the connection off: the client comes back with `Last-Event-ID`. */
  destroy(): void;
  readonly ended: boolean;
  onClose(work: () => void): void;
}

/** `onHeartbeat` is called every 15 seconds, once the caller's token is known to hold still; where it fails, the stream breaks off. */
export type OpenStream = (
  request: FastifyRequest,
  reply: FastifyReply,
  onHeartbeat: (stream: EventStream) => Promise<void>,
) => EventStream;

export function serveStreams(app: App, { authentication }: Pick<Services, 'authentication'>): OpenStream {
  const open = new Set<ServerResponse>();
  // Streams never end by themselves, and a server that stops waits for them.
  app.addHook('preClose', async () => {
    for (const raw of open) raw.end();
  });

  return (request, reply, onHeartbeat) => {
    const token = bearerToken(request);
    reply.hijack();
    const { raw } = reply;
    open.add(raw);
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': request.id,
    });
    raw.write(': connected\n\n');
    const stream = toStream(raw);
    const heartbeat = setInterval(() => {
      void (async () => {
        if ((await authentication.findCaller(token)) === undefined) raw.end();
        else raw.write(': still here\n\n');
        await onHeartbeat(stream);
      })().catch(() => raw.destroy());
    }, HEARTBEAT_MS);
    raw.on('close', () => {
      clearInterval(heartbeat);
      open.delete(raw);
    });
    return stream;
  };
}

const toStream = (raw: ServerResponse): EventStream => ({
  send(id, name, data) {
    raw.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  },
  end: () => raw.end(),
  destroy: () => raw.destroy(),
  get ended() {
    return raw.writableEnded || raw.destroyed;
  },
  onClose: (work) => raw.on('close', work),
});
