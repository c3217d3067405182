/**
 * Which processes of the API live. Each holds a lock on a connection of its own, which Postgres lets go of when the process
 * is dead, and says every few seconds that it is there: a slow one keeps its lock, one that lost its connection keeps
 * saying so, and a killed one does neither.
 */
import { sql, type RawBuilder } from 'kysely';
import pg from 'pg';
import type { Db } from './database.ts';

/** The first half of the lock's number; the second is the process. */
const LIFE_LOCK = 7_346;
const SEEN_EVERY_MS = 2_000;
const RECONNECT_MS = 1_000;
/** A process that was not seen for so many seconds, and holds no lock, is dead. */
const GRACE_SECONDS = 12;
/** After these a machine that vanished holds its lock no more. */
const KEEPALIVE = '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3';

export interface ApiProcess {
  readonly id: number;
  /** Says that this process works on nothing any more. */
  end(): Promise<void>;
}

/** Makes this process known, until its end. Fails as the database does, and survives it from then on. */
export async function openApiProcess(db: Db, url: string): Promise<ApiProcess> {
  await db
    .deleteFrom('apiProcesses')
    .where(sql<boolean>`seen_at < now() - interval '1 day'`)
    .execute();
  const { id } = await db.insertInto('apiProcesses').defaultValues().returning('id').executeTakeFirstOrThrow();
  const lock = holdLock(url, id);
  const seen = setInterval(() => void noteSeen(db, id).catch(() => undefined), SEEN_EVERY_MS);
  seen.unref();
  return {
    id,
    async end() {
      clearInterval(seen);
      await lock.release();
      await db
        .deleteFrom('apiProcesses')
        .where('id', '=', id)
        .execute()
        .catch(() => undefined);
    },
  };
}

/**
 * Whether the process that `column` names is dead. Just after the start of Postgres nobody is: all of them lost their
 * connections with it, and need a moment to come back.
 */
export const isDead = (column: RawBuilder<number>): RawBuilder<boolean> =>
  sql<boolean>`(CASE
    WHEN pg_postmaster_start_time() > now() - make_interval(secs => ${GRACE_SECONDS}) THEN false
    WHEN EXISTS (SELECT FROM api_processes
      WHERE id = ${column} AND seen_at > now() - make_interval(secs => ${GRACE_SECONDS})) THEN false
    ELSE pg_try_advisory_xact_lock_shared(${LIFE_LOCK}, ${column}) END)`;

/** Where the row is gone, a slow process was forgotten meanwhile: it is there again. */
const noteSeen = (db: Db, id: number): Promise<unknown> =>
  sql`INSERT INTO api_processes (id) OVERRIDING SYSTEM VALUE VALUES (${id})
    ON CONFLICT (id) DO UPDATE SET seen_at = now()`.execute(db);

interface HeldLock {
  release(): Promise<void>;
}

/** Takes the lock, and takes it again whenever the connection that holds it broke. */
function holdLock(url: string, id: number): HeldLock {
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | null = null;
  let released = false;

  const connect = () => {
    const fresh = new pg.Client({
      connectionString: url,
      application_name: 'strongroom-life',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: KEEPALIVE,
    });
    client = fresh;
    const again = () => {
      if (client !== fresh || released) return;
      client = null;
      void fresh.end().catch(() => undefined);
      retry = setTimeout(connect, RECONNECT_MS);
      retry.unref();
    };
    fresh.on('error', again);
    fresh.on('end', again);
    fresh
      .connect()
      .then(() => fresh.query('SELECT pg_advisory_lock($1, $2)', [LIFE_LOCK, id]))
      .catch(again);
  };
  connect();

  return {
    async release() {
      released = true;
      if (retry) clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
