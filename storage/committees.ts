/** Who sits on a committee: a change counts for every request that is not decided yet. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, BenchmarkName, Handle } from '../domain/ids.ts';
import type { EventType } from '../domain/platform-event.ts';
import { recordAudit } from './audit.ts';
import { lockBenchmark } from './benchmark-locks.ts';
import { readBenchmark, type Benchmark } from './benchmarks.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents } from './events.ts';
import type { AccountId } from './tables.ts';
import { settle } from './votes.ts';

const MOST_MEMBERS = 100;

export interface CommitteeChange {
  readonly benchmark: Benchmark;
  /** The requests that were undecided: their reviews have to look again. */
  readonly reviews: readonly AssociationId[];
}

/**
 * Gives an account a seat and a vote on whatever is undecided; a vote that it cast in an earlier time as a member counts
 * again. A repeat changes nothing. Fails with `E_NOT_FOUND`, and `E_CONFLICT` where the committee is full.
 */
export async function addMember(db: Db, name: BenchmarkName, member: Handle): Promise<CommitteeChange> {
  return db.transaction().execute(async (trx) => {
    const { ownerId } = await lockBenchmark(trx, name);
    const account = await findAccount(trx, member);
    const seats = await listSeats(trx, name);
    if (seats.some(({ accountId }) => accountId === account)) {
      return { benchmark: await readBenchmark(trx, name), reviews: [] };
    }
    if (seats.length >= MOST_MEMBERS) {
      throw new StrongroomError('E_CONFLICT', `The committee of ${name} has ${MOST_MEMBERS} members already.`);
    }
    const position = Math.max(...seats.map((seat) => seat.position)) + 1;
    await trx.insertInto('benchmarkMembers').values({ benchmark: name, accountId: account, position }).execute();
    const concerned = [ownerId, account, ...seats.map(({ accountId }) => accountId)];
    return concludeChange(trx, { name, member, type: 'committee.joined', concerned, seats });
  });
}

/**
 * Takes a seat away: its vote no longer counts on what is undecided, which may be decided by that. Fails with
 * `E_NOT_FOUND` for who has none, and with `E_CONFLICT` where the rest could not reach the quorum.
 */
export async function removeMember(db: Db, name: BenchmarkName, member: Handle): Promise<CommitteeChange> {
  return db.transaction().execute(async (trx) => {
    const { ownerId, quorum } = await lockBenchmark(trx, name);
    const seats = await listSeats(trx, name);
    const seat = seats.find(({ handle }) => handle === member);
    if (!seat) throw new StrongroomError('E_NOT_FOUND', `${member} is not on the committee of ${name}.`);
    if (seats.length <= quorum) throw quorumOutOfReach(name, quorum);
    await trx
      .deleteFrom('benchmarkMembers')
      .where('benchmark', '=', name)
      .where('accountId', '=', seat.accountId)
      .execute();
    const concerned = [ownerId, ...seats.map(({ accountId }) => accountId)];
    return concludeChange(trx, { name, member, type: 'committee.left', concerned, seats });
  });
}

interface SeatChange {
  readonly name: BenchmarkName;
  readonly member: Handle;
  readonly type: Extract<EventType, `committee.${string}`>;
  readonly concerned: readonly AccountId[];
  /** As they were. */
  readonly seats: readonly { readonly handle: Handle }[];
}

async function concludeChange(
  trx: Trx,
  { name, member, type, concerned, seats }: SeatChange,
): Promise<CommitteeChange> {
  const benchmark = await readBenchmark(trx, name);
  await recordAudit(trx, {
    action: type === 'committee.joined' ? 'benchmark.member-added' : 'benchmark.member-removed',
    subject: `benchmark/${name}`,
    before: { members: seats.map(({ handle }) => handle) },
    after: { members: benchmark.members, member },
  });
  const reviews = await lockUndecided(trx, name);
  for (const review of reviews) await settle(trx, review);
  const audiences = [...new Set(concerned)];
  await recordEvents(
    trx,
    audiences.map((audience) => ({ audience, type, benchmark: name, account: member })),
  );
  return { benchmark, reviews };
}

/** All at once, before anything is told to anybody: votes that come meanwhile wait here and nowhere else. */
async function lockUndecided(trx: Trx, benchmark: BenchmarkName): Promise<AssociationId[]> {
  const rows = await trx
    .selectFrom('associations')
    .select('id')
    .where('benchmark', '=', benchmark)
    .where('state', 'in', ['requested', 'changes-requested'])
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  return rows.map(({ id }) => id);
}

const listSeats = (trx: Trx, benchmark: BenchmarkName) =>
  trx
    .selectFrom('benchmarkMembers')
    .innerJoin('accounts', 'accounts.id', 'benchmarkMembers.accountId')
    .select(['accountId', 'handle', sql<number>`position`.as('position')])
    .where('benchmark', '=', benchmark)
    .orderBy('position')
    .execute();

async function findAccount(trx: Trx, handle: Handle): Promise<AccountId> {
  const account = await trx.selectFrom('accounts').select('id').where('handle', '=', handle).executeTakeFirst();
  if (account) return account.id;
  throw new StrongroomError('E_NOT_FOUND', `There is no account ${handle}.`, {
    why: 'Members of a committee need an account.',
  });
}

const quorumOutOfReach = (name: BenchmarkName, quorum: number) =>
  new StrongroomError('E_CONFLICT', `${name} needs ${quorum} approvals, and so many members.`, {
    why: 'Without this member nothing could be approved any more.',
    next: 'Add another member first: strongroom member add',
  });
