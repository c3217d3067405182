/** What the review of an association needs to start, and what it writes down. */
import { sql } from 'kysely';
import { canBecome, type ApprovalRule, type AssociationState, type Ballot } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, BenchmarkName, Handle } from '../domain/ids.ts';
import { recordAudit } from './audit.ts';
import { listApprovedContainers } from './authorisation.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents, type NewEvent } from './events.ts';

/** The same fields as the input of the workflow. */
export interface Review {
  readonly association: AssociationId;
  readonly benchmark: BenchmarkName;
  /** `alice/digits-model` or `dataset bob/wards`. */
  readonly subject: string;
  readonly rule: ApprovalRule;
  /** ISO 8601. */
  readonly deadline: string;
  readonly reminderHours: number;
}

const selectReviews = (db: Db) =>
  db
    .selectFrom('associations')
    .innerJoin('accounts as owners', 'owners.id', 'associations.ownerId')
    .innerJoin('benchmarks', 'benchmarks.name', 'associations.benchmark')
    .leftJoin('containers', 'containers.id', 'associations.containerId')
    .leftJoin('datasets', 'datasets.id', 'associations.datasetId')
    .select(['associations.id as association', 'associations.benchmark', 'associations.deadline'])
    .select(['benchmarks.quorum', 'benchmarks.reminderHours'])
    .select(
      sql<string>`CASE kind WHEN 'dataset' THEN 'dataset ' ELSE '' END || owners.handle || '/' || coalesce(containers.name, datasets.name)`.as(
        'subject',
      ),
    )
    .select(
      sql<
        Handle[]
      >`ARRAY(SELECT accounts.handle FROM benchmark_members JOIN accounts ON accounts.id = benchmark_members.account_id
        WHERE benchmark_members.benchmark = associations.benchmark ORDER BY position)`.as('members'),
    )
    .where('associations.state', '=', 'requested');

type Row = Awaited<ReturnType<ReturnType<typeof selectReviews>['execute']>>[number];

const toReview = ({ members, quorum, deadline, ...row }: Row): Review => ({
  ...row,
  rule: { members, quorum },
  deadline: deadline.toISOString(),
});

/** The review of an undecided association; `undefined` once it is decided. */
export async function findReview(db: Db, association: AssociationId): Promise<Review | undefined> {
  const row = await selectReviews(db).where('associations.id', '=', association).executeTakeFirst();
  return row && toReview(row);
}

/** Undecided requests of more than half a minute ago whose review was not started, for instance as Temporal was away. */
export async function listReviewsWithoutWorkflow(db: Db): Promise<Review[]> {
  const rows = await selectReviews(db)
    .where('reviewStartedAt', 'is', null)
    .where('requestedAt', '<', sql<Date>`now() - interval '30 seconds'`)
    .execute();
  return rows.map(toReview);
}

export async function markReviewStarted(db: Db, association: AssociationId): Promise<void> {
  await db
    .updateTable('associations')
    .set({ reviewStartedAt: sql<Date>`coalesce(review_started_at, now())` })
    .where('id', '=', association)
    .execute();
}

export interface CastVote {
  readonly association: AssociationId;
  readonly member: Handle;
  readonly ballot: Ballot;
  readonly reason: string;
}

/**
 * Writes a vote down; the same vote again changes nothing. Fails with `E_ALREADY_VOTED` for another one of that member,
 * `E_NOT_A_MEMBER`, `E_ALREADY_DECIDED` and `E_NOT_FOUND`.
 */
export async function recordVote(trx: Trx, { association, member, ballot, reason }: CastVote): Promise<void> {
  const { benchmark, state } = await lockAssociation(trx, association);
  const seat = await trx
    .selectFrom('benchmarkMembers')
    .innerJoin('accounts', 'accounts.id', 'benchmarkMembers.accountId')
    .select('accountId')
    .where('benchmark', '=', benchmark)
    .where('accounts.handle', '=', member)
    .executeTakeFirst();
  if (!seat) throw new StrongroomError('E_NOT_A_MEMBER', `${member} is not on the committee of ${benchmark}.`);
  const earlier = await trx
    .selectFrom('votes')
    .select(['ballot', 'reason'])
    .where('associationId', '=', association)
    .where('memberId', '=', seat.accountId)
    .executeTakeFirst();
  if (earlier?.ballot === ballot && earlier.reason === reason) return;
  if (earlier) {
    throw new StrongroomError('E_ALREADY_VOTED', `${member} has voted on this request already.`, {
      why: 'A member has one vote.',
    });
  }
  if (state !== 'requested') throw new StrongroomError('E_ALREADY_DECIDED', `This request is ${state} already.`);
  await trx
    .insertInto('votes')
    .values({ associationId: association, benchmark, memberId: seat.accountId, ballot, reason })
    .execute();
  await recordAudit(trx, {
    action: 'vote.cast',
    subject: `association/${association}`,
    before: null,
    after: { member, ballot, reason },
  });
}

async function lockAssociation(trx: Trx, id: AssociationId) {
  const row = await trx.selectFrom('associations').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
  if (row) return row;
  throw new StrongroomError('E_NOT_FOUND', `There is no association ${id}.`);
}

/**
 * Puts an association into its next state and tells those concerned. A repeat changes nothing. Fails with
 * `E_ALREADY_DECIDED` where another decision came first.
 */
export async function decideAssociation(
  trx: Trx,
  id: AssociationId,
  state: Exclude<AssociationState, 'requested'>,
  reason: string,
): Promise<void> {
  const association = await lockAssociation(trx, id);
  if (association.state === state) return;
  if (!canBecome(association.state, state)) {
    throw new StrongroomError('E_ALREADY_DECIDED', `This request is ${association.state} already.`);
  }
  await trx
    .updateTable('associations')
    .set({ state, reason, [state === 'closed' ? 'closedAt' : 'decidedAt']: sql<Date>`now()` })
    .where('id', '=', id)
    .execute();
  await recordAudit(trx, {
    action: 'association.decided',
    subject: `association/${id}`,
    before: { state: association.state },
    after: { state, reason },
  });
  await recordEvents(trx, await eventsOfDecision(trx, id, state));
}

async function eventsOfDecision(trx: Trx, id: AssociationId, state: AssociationState): Promise<NewEvent[]> {
  const { kind, ownerId, benchmark, owner, name } = await trx
    .selectFrom('associations')
    .innerJoin('accounts', 'accounts.id', 'associations.ownerId')
    .leftJoin('containers', 'containers.id', 'associations.containerId')
    .leftJoin('datasets', 'datasets.id', 'associations.datasetId')
    .select(['associations.kind', 'associations.ownerId', 'associations.benchmark', 'accounts.handle as owner'])
    .select(sql<string>`coalesce(containers.name, datasets.name)`.as('name'))
    .where('associations.id', '=', id)
    .executeTakeFirstOrThrow();
  const decided: NewEvent = {
    audience: ownerId,
    type: 'association.decided',
    association: id,
    benchmark,
    account: owner,
    [kind]: `${owner}/${name}`,
  };
  if (kind === 'container' || state !== 'approved') return [decided];
  const containers = await listApprovedContainers(trx, benchmark);
  const authorised = containers.map((container): NewEvent => ({
    audience: container.ownerId,
    type: 'data-owner.authorised',
    association: container.association,
    container: container.container,
    benchmark,
    account: owner,
  }));
  return [decided, ...authorised];
}
