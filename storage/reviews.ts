/** What the review of an association needs to start. */
import { sql } from 'kysely';
import { ASSOCIATION_STATES, isUndecided, type ApprovalRule, type AssociationState } from '../domain/association.ts';
import type { AssociationId, BenchmarkName, Handle } from '../domain/ids.ts';
import type { Db } from './database.ts';

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
        WHERE benchmark_members.benchmark = associations.benchmark AND account_id <> associations.owner_id ORDER BY position)`.as(
        'members',
      ),
    );

const UNDECIDED: readonly AssociationState[] = ASSOCIATION_STATES.filter(isUndecided);

type Row = Awaited<ReturnType<ReturnType<typeof selectReviews>['execute']>>[number];

const toReview = ({ members, quorum, deadline, ...row }: Row): Review => ({
  ...row,
  rule: { members, quorum },
  deadline: deadline.toISOString(),
});

/** The review of an undecided association, or of one approved without votes; `undefined` once it has been told to all. */
export async function findReview(db: Db, association: AssociationId): Promise<Review | undefined> {
  const row = await selectReviews(db)
    .where('associations.id', '=', association)
    .where((where) => where.or([where('state', 'in', UNDECIDED), where('reviewStartedAt', 'is', null)]))
    .executeTakeFirst();
  return row && toReview(row);
}

/** Requests of more than half a minute ago whose review was not started, for instance as Temporal was away. */
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

export interface Requester {
  readonly owner: Handle;
  /** The member who had invited the container. */
  readonly invitedBy: Handle | null;
}

/** Fails with a plain error where there is no such association. */
export function findRequester(db: Db, association: AssociationId): Promise<Requester> {
  return db
    .selectFrom('associations')
    .innerJoin('accounts as owners', 'owners.id', 'associations.ownerId')
    .leftJoin('accounts as inviters', 'inviters.id', 'associations.invitedBy')
    .select(['owners.handle as owner', 'inviters.handle as invitedBy'])
    .where('associations.id', '=', association)
    .executeTakeFirstOrThrow();
}
