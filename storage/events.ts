/** Notes for the agents of those concerned, written in the same transaction as the change they tell of. */
import { sql } from 'kysely';
import type { AssociationId, BenchmarkName, Fingerprint, Handle } from '../domain/ids.ts';
import type { EventType } from '../domain/platform-event.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

/** The channel on which Postgres says whose events there are. */
export const EVENT_CHANNEL = 'strongroom_events';
/** Its number as a lock. */
const EVENT_LOCK = 7_346_002;

/** Ids and handles only, never the thing itself. */
interface EventSubject {
  readonly association?: AssociationId;
  /** `owner/name` */
  readonly container?: string;
  /** `owner/name` */
  readonly dataset?: string;
  readonly benchmark?: BenchmarkName;
  readonly account?: Handle;
  readonly fingerprint?: Fingerprint;
}

export interface NewEvent extends EventSubject {
  readonly audience: AccountId;
  readonly type: EventType;
}

export interface StoredEvent extends EventSubject {
  /** Grows in the order in which the changes became visible. */
  readonly id: number;
  readonly type: EventType;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * Records events. It must be the last thing a transaction does: from here to the commit other transactions with events
 * wait, so that no event can appear behind one that a reader has seen.
 */
export async function recordEvents(trx: Trx, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await sql`SELECT pg_advisory_xact_lock(${EVENT_LOCK})`.execute(trx);
  await trx
    .insertInto('events')
    .values([...events])
    .execute();
  const audiences = [...new Set(events.map((event) => event.audience))];
  await sql`SELECT pg_notify(${EVENT_CHANNEL}, audience) FROM unnest(${audiences}::text[]) AS audience`.execute(trx);
}

/** The events of an account after the one with id `after`, oldest first, at most `limit`. */
export async function listEvents(db: Db, audience: AccountId, after: number, limit: number): Promise<StoredEvent[]> {
  const rows = await db
    .selectFrom('events')
    .select(['id', 'type', 'at', 'association', 'container', 'dataset', 'benchmark', 'account', 'fingerprint'])
    .where('audience', '=', audience)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id, type, at, ...subject }) => ({ id, type, at: at.toISOString(), ...withoutNulls(subject) }));
}

/** One event and whose it is. */
export async function findEvent(
  db: Db,
  event: number,
): Promise<{ readonly event: StoredEvent; readonly audience: Handle } | undefined> {
  const row = await db
    .selectFrom('events')
    .innerJoin('accounts', 'accounts.id', 'events.audience')
    .select(['events.id', 'type', 'at', 'association', 'container', 'dataset', 'benchmark', 'account', 'fingerprint'])
    .select('accounts.handle as audience')
    .where('events.id', '=', event)
    .executeTakeFirst();
  if (!row) return undefined;
  const { id, type, at, audience, ...subject } = row;
  return { audience, event: { id, type, at: at.toISOString(), ...withoutNulls(subject) } };
}

/** The id of an account's newest event, 0 where there is none. */
export async function newestEventId(db: Db | Trx, audience: AccountId): Promise<number> {
  const newest = await db
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('id'))
    .where('audience', '=', audience)
    .executeTakeFirst();
  return newest?.id ?? 0;
}

type WithoutNulls<Fields> = { [Key in keyof Fields]?: NonNullable<Fields[Key]> };

const withoutNulls = <Fields extends object>(fields: Fields): WithoutNulls<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as WithoutNulls<Fields>;
