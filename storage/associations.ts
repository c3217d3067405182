/** Associations as people see them: who asked for what, how the committee voted, and what came of it. */
import { sql } from 'kysely';
import { isUndecided, type AssociationKind, type AssociationState, type Vote } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, BenchmarkName, Fingerprint, Handle, Sha256 } from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId, Submitted } from './tables.ts';
import { whatHappensNext } from '../domain/association-outlook.ts';
import { byNewest, byText, readPage, type Page, type PageRequest } from './pages.ts';
import { inPeriod, type Period } from './periods.ts';

export interface Association {
  readonly id: AssociationId;
  readonly kind: AssociationKind;
  readonly owner: Handle;
  /** Of the container or dataset. */
  readonly name: string;
  readonly benchmark: BenchmarkName;
  readonly state: AssociationState;
  readonly reason: string | null;
  /** Who approved it: the votes, or the benchmark by itself; `null` while nobody has. */
  readonly approvedBy: 'committee' | 'policy' | null;
  /** Which member of the committee had asked for it. */
  readonly invitedBy: Handle | null;
  readonly requestedAt: string;
  readonly deadline: string;
  readonly decidedAt: string | null;
  readonly closedAt: string | null;
  readonly quorum: number;
  readonly approvals: number;
  readonly votes: readonly (Vote & { readonly at: string })[];
  readonly waitingFor: readonly Handle[];
  readonly testResult: Metrics | null;
  readonly testDatasetSha256: Sha256 | null;
  /** From 1; one more each time the owner submitted it again. */
  readonly submission: number;
  /** What the committee decides on, fixed with each submission. */
  readonly content: Submitted;
  readonly certificates: readonly ConcernedCertificate[];
  /** Since when it is in its state; ISO 8601. */
  readonly since: string;
  /** Those who can bring it forward now. */
  readonly waitingOn: readonly Handle[];
  /** What happens next, in a sentence. */
  readonly next: string;
}

export interface ConcernedCertificate {
  readonly account: Handle;
  readonly fingerprint: Fingerprint;
  readonly expiresAt: string;
}

/** `from` and `until` are about when it was requested. */
export interface AssociationFilter extends Period {
  readonly owner?: Handle | undefined;
  /** Of the container or dataset. */
  readonly name?: string | undefined;
  readonly benchmark?: BenchmarkName | undefined;
  readonly state?: AssociationState | undefined;
  readonly kind?: AssociationKind | undefined;
}

const SUBJECT_NAME = sql<string>`coalesce(containers.name, datasets.name)`;

const selectAssociations = (db: Db | Trx) =>
  db
    .selectFrom('associations')
    .innerJoin('accounts as owners', 'owners.id', 'associations.ownerId')
    .innerJoin('benchmarks', 'benchmarks.name', 'associations.benchmark')
    .leftJoin('accounts as inviters', 'inviters.id', 'associations.invitedBy')
    .leftJoin('containers', 'containers.id', 'associations.containerId')
    .leftJoin('datasets', 'datasets.id', 'associations.datasetId')
    .selectAll('associations')
    .select(['owners.handle as owner', 'inviters.handle as inviter', 'benchmarks.quorum'])
    .select(SUBJECT_NAME.as('name'));

type Row = Awaited<ReturnType<ReturnType<typeof selectAssociations>['execute']>>[number];

/** Rows that the viewer may see: own requests, and those to committees that it sits on. */
const visibleTo = (db: Db | Trx, viewer: AccountId) =>
  selectAssociations(db).where((query) =>
    query.or([
      query('associations.ownerId', '=', viewer),
      query(
        'associations.benchmark',
        'in',
        query.selectFrom('benchmarkMembers').select('benchmark').where('accountId', '=', viewer),
      ),
    ]),
  );

/** Fails with `E_NOT_FOUND` for what the viewer may not see. */
export async function readAssociation(db: Db | Trx, id: AssociationId, viewer: AccountId): Promise<Association> {
  const row = await visibleTo(db, viewer).where('associations.id', '=', id).executeTakeFirst();
  const [association] = row ? await complete(db, [row]) : [];
  if (association) return association;
  throw new StrongroomError('E_NOT_FOUND', `There is no association ${id}.`, {
    next: 'List those that you can see: strongroom review list',
  });
}

/** Own requests and those to own committees, the newest first. */
export async function listAssociations(
  db: Db,
  viewer: AccountId,
  filter: AssociationFilter,
  page: PageRequest,
): Promise<Page<Association>> {
  return newest(db, filtered(visibleTo(db, viewer), filter), page);
}

/** Own requests, the newest first. */
export async function listOwnAssociations(
  db: Db,
  owner: AccountId,
  filter: AssociationFilter,
  page: PageRequest,
): Promise<Page<Association>> {
  const own = selectAssociations(db).where('associations.ownerId', '=', owner);
  return newest(db, filtered(own, filter), page);
}

async function newest(
  db: Db,
  query: ReturnType<typeof selectAssociations>,
  page: PageRequest,
): Promise<Page<Association>> {
  const order = [byNewest('associations.requestedAt'), byText('associations.id')];
  const { items, next } = await readPage(query, order, page);
  return { items: await complete(db, items), next };
}

function filtered(query: ReturnType<typeof selectAssociations>, filter: AssociationFilter) {
  const { owner, name, benchmark, state, kind } = filter;
  return query
    .where(inPeriod('associations.requestedAt', filter))
    .$if(owner !== undefined, (some) => some.where('owners.handle', '=', owner ?? null))
    .$if(name !== undefined, (some) => some.where(SUBJECT_NAME, '=', name ?? null))
    .$if(benchmark !== undefined, (some) => some.where('associations.benchmark', '=', benchmark ?? null))
    .$if(state !== undefined, (some) => some.where('associations.state', '=', state ?? null))
    .$if(kind !== undefined, (some) => some.where('associations.kind', '=', kind ?? null));
}

/** Adds votes, members and certificates: three queries for any number of rows. */
async function complete(db: Db | Trx, rows: readonly Row[]): Promise<Association[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const votes = await db
    .selectFrom('votes')
    .innerJoin('accounts', 'accounts.id', 'votes.memberId')
    .innerJoin('associations', (join) =>
      join
        .onRef('associations.id', '=', 'votes.associationId')
        .onRef('associations.submission', '=', 'votes.submission'),
    )
    .select(['associationId', 'accounts.handle as member', 'ballot', 'votes.reason', 'castAt', 'counted'])
    .where('associationId', 'in', ids)
    .orderBy('castAt')
    .execute();
  const members = await db
    .selectFrom('benchmarkMembers')
    .innerJoin('accounts', 'accounts.id', 'benchmarkMembers.accountId')
    .select(['benchmark', 'accounts.handle'])
    .where('benchmark', 'in', [...new Set(rows.map((row) => row.benchmark))])
    .orderBy('position')
    .execute();
  const certificates = await listConcerned(db, ids);
  return rows.map((row) =>
    toAssociation(
      row,
      votes
        .filter((vote) => vote.associationId === row.id && (vote.counted || isUndecided(row.state)))
        .map(({ member, ballot, reason, castAt }) => ({ member, ballot, reason, at: castAt.toISOString() })),
      members
        .filter(({ benchmark, handle }) => benchmark === row.benchmark && handle !== row.owner)
        .map(({ handle }) => handle),
      certificates
        .filter((certificate) => certificate.association === row.id)
        .map(({ account, fingerprint, expiresAt }) => ({ account, fingerprint, expiresAt: expiresAt.toISOString() })),
    ),
  );
}

function toAssociation(
  row: Row,
  allVotes: Association['votes'],
  members: readonly Handle[],
  certificates: Association['certificates'],
): Association {
  // Before the decision only members count; after it the record stands as it was.
  const votes = isUndecided(row.state) ? allVotes.filter(({ member }) => members.includes(member)) : allVotes;
  const approvals = votes.filter((vote) => vote.ballot === 'approve').length;
  const waitingFor =
    row.state === 'requested' ? members.filter((member) => !votes.some((vote) => vote.member === member)) : [];
  return {
    id: row.id,
    kind: row.kind,
    owner: row.owner,
    name: row.name,
    benchmark: row.benchmark,
    state: row.state,
    reason: row.reason,
    approvedBy: whoApproved(row),
    invitedBy: row.inviter,
    requestedAt: row.requestedAt.toISOString(),
    deadline: row.deadline.toISOString(),
    decidedAt: row.decidedAt?.toISOString() ?? null,
    closedAt: row.closedAt?.toISOString() ?? null,
    quorum: row.quorum,
    approvals,
    votes,
    waitingFor,
    testResult: row.testResult,
    testDatasetSha256: row.testDatasetSha256,
    submission: row.submission,
    content: row.content,
    certificates,
    since: row.stateSince.toISOString(),
    waitingOn: row.state === 'changes-requested' ? [row.owner] : waitingFor,
    next: whatHappensNext({ ...row, approvals, deadline: row.deadline.toISOString() }),
  };
}

function whoApproved({ state, decidedAt, approvedByPolicy }: Row): Association['approvedBy'] {
  if (state !== 'approved' && !(state === 'closed' && decidedAt !== null)) return null;
  return approvedByPolicy ? 'policy' : 'committee';
}

/** Of a container those with access, of a dataset its owner's. */
function listConcerned(db: Db | Trx, ids: readonly AssociationId[]) {
  const ofContainers = db
    .selectFrom('grants')
    .innerJoin('certificates', 'certificates.fingerprint', 'grants.fingerprint')
    .innerJoin('accounts', 'accounts.id', 'certificates.accountId')
    .select(['grants.associationId as association', 'accounts.handle as account'])
    .select(['certificates.fingerprint', 'certificates.expiresAt'])
    .where('grants.associationId', 'in', ids)
    .where('grants.state', '=', 'valid');
  const ofDatasets = db
    .selectFrom('associations')
    .innerJoin('certificates', 'certificates.accountId', 'associations.ownerId')
    .innerJoin('accounts', 'accounts.id', 'associations.ownerId')
    .select(['associations.id as association', 'accounts.handle as account'])
    .select(['certificates.fingerprint', 'certificates.expiresAt'])
    .where('associations.id', 'in', ids)
    .where('associations.kind', '=', 'dataset')
    .where('certificates.state', '=', 'valid')
    .where('certificates.expiresAt', '>', sql<Date>`now()`);
  return ofContainers.unionAll(ofDatasets).execute();
}
