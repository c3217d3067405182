import type { FastifyRequest } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { Account } from '../../storage/accounts.ts';
import type { Db } from '../../storage/database.ts';
import { listEvents, newestEventId } from '../../storage/events.ts';
import { bearerToken, callerOf } from '../caller.ts';
import * as contract from '../contract/events.ts';
import type { App, Services } from '../services.ts';

const HEARTBEAT_MS = 15_000;
const PAGE = 200;

/** Server-sent events: after `Last-Event-ID`, or from now on. The listener makes it quick, the heartbeat makes it certain. */
export function eventRoutes(app: App, { db, events, authentication }: Services): void {
  const open = new Set<ServerResponse>();
  // Streams never end by themselves, and a server that stops waits for them.
  app.addHook('preClose', async () => {
    for (const stream of open) stream.end();
  });

  app.route({
    ...contract.streamEvents,
    handler: async (request, reply) => {
      const account = callerOf(request);
      const token = bearerToken(request);
      const last = await lastEventId(db, request, account);
      reply.hijack();
      const stream = reply.raw;
      open.add(stream);
      stream.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'x-request-id': request.id,
      });
      stream.write(': connected\n\n');
      const pump = openPump(db, account, last, stream);
      const stopListening = events.listen(account.id, () => void pump());
      const heartbeat = setInterval(() => {
        void (async () => {
          if ((await authentication.findCaller(token)) === undefined) stream.end();
          else stream.write(': still here\n\n');
          await pump();
        })().catch(() => stream.destroy());
      }, HEARTBEAT_MS);
      stream.on('close', () => {
        clearInterval(heartbeat);
        stopListening();
        open.delete(stream);
      });
      await pump();
    },
  });
}

async function lastEventId(db: Db, request: FastifyRequest, account: Account): Promise<number> {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^[0-9]{1,15}$/.test(given) ? Number(given) : newestEventId(db, account.id);
}

/** Writes what there is since the last time. Calls that come while it is at work make it look once more. */
function openPump(db: Db, account: Account, after: number, stream: ServerResponse): () => Promise<void> {
  let last = after;
  let working = false;
  let again = false;
  const writeAll = async () => {
    for (;;) {
      const page = await listEvents(db, account.id, last, PAGE);
      for (const event of page) {
        const data = JSON.stringify({ ...event, id: String(event.id) });
        stream.write(`id: ${event.id}\nevent: ${event.type}\ndata: ${data}\n\n`);
        last = event.id;
      }
      if (page.length < PAGE) return;
    }
  };
  return async () => {
    again = true;
    if (working) return;
    working = true;
    try {
      while (again && !stream.writableEnded) {
        again = false;
        await writeAll();
      }
    } catch {
      // The client comes back with Last-Event-ID and loses nothing.
      stream.destroy();
    } finally {
      working = false;
    }
  };
}
