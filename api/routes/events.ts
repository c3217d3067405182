import type { FastifyRequest } from 'fastify';
import type { Account } from '../../storage/accounts.ts';
import type { Db } from '../../storage/database.ts';
import { listEvents, newestEventId } from '../../storage/events.ts';
import { callerOf } from '../caller.ts';
import * as contract from '../contract/events.ts';
import type { EventStream, OpenStream } from '../server-sent-events.ts';
import type { App, Services } from '../services.ts';

const PAGE = 200;

/** What concerns the caller: after `Last-Event-ID`, or from now on. The listener makes it quick, the heartbeat makes it certain. */
export function eventRoutes(app: App, { db, events }: Services, openStream: OpenStream): void {
  app.route({
    ...contract.streamEvents,
    handler: async (request, reply) => {
      const account = callerOf(request);
      const pump = openPump(db, account, await lastEventId(db, request, account));
      const stream = openStream(request, reply, pump);
      const stopListening = events.listen(account.id, () => void pump(stream));
      stream.onClose(stopListening);
      await pump(stream);
    },
  });
}

async function lastEventId(db: Db, request: FastifyRequest, account: Account): Promise<number> {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^[0-9]{1,15}$/.test(given) ? Number(given) : newestEventId(db, account.id);
}

/** Writes what there is since the last time. Calls that come while it is at work make it look once more. */
function openPump(db: Db, account: Account, after: number): (stream: EventStream) => Promise<void> {
  let last = after;
  let working = false;
  let again = false;
  const writeAll = async (stream: EventStream) => {
    for (;;) {
      const page = await listEvents(db, account.id, last, PAGE);
      for (const event of page) {
        stream.send(String(event.id), event.type, { ...event, id: String(event.id) });
        last = event.id;
      }
      if (page.length < PAGE) return;
    }
  };
  return async (stream) => {
    again = true;
    if (working) return;
    working = true;
    try {
      while (again && !stream.ended) {
        again = false;
        await writeAll(stream);
      }
    } catch {
      // The client comes back with Last-Event-ID and loses nothing.
      stream.destroy();
    } finally {
      working = false;
    }
  };
}
