/** Votes, and where a review stands after each: decided in the transaction of the vote that decides it. */
import { sql } from 'kysely';
import { THE_PLATFORM } from '../domain/audit.ts';
import { decide, type Ballot, type ReviewStanding } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, BenchmarkName, Handle } from '../domain/ids.ts';
import { actingAs, recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import { decideAssociation, lockAssociation } from './decisions.ts';
import type { AccountId } from './tables.ts';

export interface CastVote {
  readonly association: AssociationId;
  readonly member: Handle;
  readonly ballot: Ballot;
  readonly reason: string;
}

/**
 * Writes a vote down in place of the member's earlier one, and decides where that decides. The same vote again changes
 * nothing. Fails with `E_NOT_A_MEMBER`, `E_NOT_ALLOWED` for a vote on one's own, `E_CHANGES_REQUESTED`,
 * `E_ALREADY_DECIDED` and `E_NOT_FOUND`.
 */
export async function recordVote(trx: Trx, cast: CastVote): Promise<ReviewStanding> {
  const { association, member, ballot, reason } = cast;
  const { benchmark, ownerId, state, submission } = await lockAssociation(trx, association);
  const memberId = await findSeat(trx, benchmark, member);
  if (memberId === ownerId) throw ownVote();
  const of = { associationId: association, submission, memberId };
  const earlier = await trx
    .selectFrom('votes')
    .select(['ballot', 'reason'])
    .where('associationId', '=', association)
    .where('submission', '=', submission)
    .where('memberId', '=', memberId)
    .executeTakeFirst();
  if (earlier?.ballot === ballot && earlier.reason === reason) return readStanding(trx, association);
  if (state === 'changes-requested') throw changesRequested();
  if (state !== 'requested') throw new StrongroomError('E_ALREADY_DECIDED', `This request is ${state} already.`);
  await trx
    .insertInto('votes')
    .values({ ...of, benchmark, ballot, reason })
    .onConflict((conflict) =>
      conflict
        .columns(['associationId', 'submission', 'memberId'])
        .doUpdateSet({ ballot, reason, castAt: sql<Date>`now()` }),
    )
    .execute();
  await recordAudit(trx, {
    action: 'vote.cast',
    subject: `association/${association}`,
    before: earlier ? { member, ...earlier } : null,
    after: { member, ballot, reason },
  });
  return settle(trx, association);
}

/**
 * Notes that a locked, undecided review has changed, and decides it where votes and committee say so; in the platform's
 * own name, as rule and votes decide.
 */
export async function settle(trx: Trx, association: AssociationId): Promise<ReviewStanding> {
  await trx
    .updateTable('associations')
    .set({ revision: sql`revision + 1` })
    .where('id', '=', association)
    .execute();
  const standing = await readStanding(trx, association);
  const verdict = decide(standing.rule, standing.votes);
  if (!verdict.decided || standing.state !== 'requested') return standing;
  await actingAs(THE_PLATFORM, () => decideAssociation(trx, association, verdict.state, verdict.reason));
  return readStanding(trx, association);
}

/** Fails with `E_NOT_FOUND`. */
export async function readStanding(db: Db | Trx, id: AssociationId): Promise<ReviewStanding> {
  const row = await db
    .selectFrom('associations')
    .innerJoin('benchmarks', 'benchmarks.name', 'associations.benchmark')
    .select(['revision', 'state', 'submission', 'reason', 'deadline', 'benchmark', 'quorum', 'associations.ownerId'])
    .where('associations.id', '=', id)
    .executeTakeFirst();
  if (!row) throw new StrongroomError('E_NOT_FOUND', `There is no association ${id}.`);
  const members = await db
    .selectFrom('benchmarkMembers')
    .innerJoin('accounts', 'accounts.id', 'benchmarkMembers.accountId')
    .select('handle')
    .where('benchmark', '=', row.benchmark)
    .where('accountId', '<>', row.ownerId)
    .orderBy('position')
    .execute();
  const votes = await db
    .selectFrom('votes')
    .innerJoin('accounts', 'accounts.id', 'votes.memberId')
    .select(['handle as member', 'ballot', 'reason'])
    .where('associationId', '=', id)
    .where('submission', '=', row.submission)
    .orderBy('castAt')
    .execute();
  const rule = { members: members.map(({ handle }) => handle), quorum: row.quorum };
  const { revision, state, submission, reason } = row;
  const counted = votes.filter(({ member }) => rule.members.includes(member));
  return { revision, state, submission, rule, votes: counted, deadline: row.deadline.toISOString(), reason };
}

async function findSeat(trx: Trx, benchmark: BenchmarkName, member: Handle): Promise<AccountId> {
  const seat = await trx
    .selectFrom('benchmarkMembers')
    .innerJoin('accounts', 'accounts.id', 'benchmarkMembers.accountId')
    .select('accountId')
    .where('benchmark', '=', benchmark)
    .where('accounts.handle', '=', member)
    .executeTakeFirst();
  if (seat) return seat.accountId;
  throw new StrongroomError('E_NOT_A_MEMBER', `${member} is not on the committee of ${benchmark}.`);
}

const ownVote = (): StrongroomError =>
  new StrongroomError('E_NOT_ALLOWED', 'Nobody votes on their own.', {
    why: 'The request is yours, so the other members decide.',
  });

const changesRequested = (): StrongroomError =>
  new StrongroomError('E_CHANGES_REQUESTED', 'The committee asked for changes.', {
    why: 'There is nothing to vote on until the owner submits it again.',
  });
