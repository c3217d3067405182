/** Hears from Postgres that there are events, and wakes whoever waits for them. */
import pg from 'pg';
import { EVENT_CHANNEL } from './events.ts';
import type { AccountId } from './tables.ts';

const RECONNECT_MS = 2_000;

/** Wakes readers; it carries no events, so a missed wake-up costs time and loses nothing. */
export interface EventListener {
  /** Calls `wake` at each sign of new events for `audience`, until the function that it returns is called. */
  listen(audience: AccountId, wake: () => void): () => void;
  /** The same at each sign of new events for anybody. */
  listenToAll(wake: () => void): () => void;
  close(): Promise<void>;
}

/** Keeps one connection of its own. After a break it comes back by itself and then wakes everyone. */
export function openEventListener(url: string): EventListener {
  const readers = new Map<AccountId, Set<() => void>>();
  const ofAll = new Set<() => void>();
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;
  let closed = false;

  const wakeAll = () => {
    for (const wakes of [ofAll, ...readers.values()]) for (const wake of wakes) wake();
  };
  const reconnect = () => {
    client = null;
    if (closed || retry) return;
    retry = setTimeout(() => {
      retry = null;
      connect();
    }, RECONNECT_MS);
    retry.unref();
  };
  const connect = () => {
    const fresh = new pg.Client({ connectionString: url, application_name: 'strongroom-events', keepAlive: true });
    client = fresh;
    fresh.on('notification', ({ payload }) => {
      for (const wake of [...ofAll, ...(readers.get(payload ?? '') ?? [])]) wake();
    });
    fresh.on('error', () => void fresh.end().catch(() => undefined));
    fresh.on('end', reconnect);
    fresh
      .connect()
      .then(() => fresh.query(`LISTEN ${EVENT_CHANNEL}`))
      .then(wakeAll)
      .catch(
        () =>
          void fresh
            .end()
            .catch(() => undefined)
            .then(reconnect),
      );
  };
  connect();

  return {
    listen(audience, wake) {
      const wakes = readers.get(audience) ?? new Set();
      readers.set(audience, wakes.add(wake));
      return () => {
        wakes.delete(wake);
        if (wakes.size === 0 && readers.get(audience) === wakes) readers.delete(audience);
      };
    },
    listenToAll(wake) {
      ofAll.add(wake);
      return () => {
        ofAll.delete(wake);
      };
    },
    async close() {
      closed = true;
      if (retry) clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
