/** Benchmarks and their committees. */
import { sql } from 'kysely';
import { isDeepStrictEqual } from 'node:util';
import { VOTES_DECIDE, type Approves, type NewApprovalPolicy } from '../domain/approval-policy.ts';
import { ASSOCIATION_KINDS, type AssociationKind } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, Handle, ImageDigest } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { auditFacts, readApprovalPolicies, writeApprovalPolicy } from './approval-policies.ts';
import { recordAudit } from './audit.ts';
import { lockBenchmark } from './benchmark-locks.ts';
import { requireBlob, type Blob } from './blobs.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { byName, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface Benchmark {
  readonly name: BenchmarkName;
  readonly description: string;
  readonly owner: Handle;
  readonly state: 'open' | 'closed';
  readonly testDataset: Blob;
  readonly metrics: { readonly config: string; readonly archive: Blob; readonly imageDigest: ImageDigest };
  /** In the order in which they were named. */
  readonly members: readonly Handle[];
  readonly quorum: number;
  readonly approvalDays: number;
  readonly reminderHours: number;
  /** What it approves without votes. The addresses are for its committee only. */
  readonly approves: Readonly<Record<AssociationKind, Approves>>;
  readonly createdAt: string;
  readonly closedAt: string | null;
}

export interface NewBenchmark {
  readonly name: BenchmarkName;
  readonly description: string;
  readonly testDataset: Blob;
  readonly metrics: { readonly config: string; readonly archive: Blob; readonly imageDigest: ImageDigest };
  readonly members: readonly Handle[];
  readonly quorum: number;
  readonly approvalDays: number;
  readonly reminderHours: number;
  /** Votes decide where there is none. */
  readonly policies: Readonly<Partial<Record<AssociationKind, NewApprovalPolicy>>>;
}

const selectBenchmarks = (db: Db | Trx) =>
  db
    .selectFrom('benchmarks')
    .innerJoin('accounts as owners', 'owners.id', 'benchmarks.ownerId')
    .innerJoin('blobs as testDatasets', 'testDatasets.sha256', 'benchmarks.testDataset')
    .innerJoin('blobs as metricsArchives', 'metricsArchives.sha256', 'benchmarks.metricsArchive')
    .selectAll('benchmarks')
    .select(['owners.handle as owner', 'testDatasets.size as testDatasetSize', 'metricsArchives.size as metricsSize'])
    .select((query) =>
      query
        .selectFrom('benchmarkMembers as seats')
        .innerJoin('accounts', 'accounts.id', 'seats.accountId')
        .select(sql<Handle[]>`array_agg(accounts.handle ORDER BY seats.position)`.as('members'))
        .whereRef('seats.benchmark', '=', 'benchmarks.name')
        .as('members'),
    )
    .select((query) =>
      query
        .selectFrom('approvalPolicies as policies')
        .select(sql<Partial<Record<AssociationKind, Approves>> | null>`jsonb_object_agg(kind, approves)`.as('approves'))
        .whereRef('policies.benchmark', '=', 'benchmarks.name')
        .as('approves'),
    );

type Row = Awaited<ReturnType<ReturnType<typeof selectBenchmarks>['execute']>>[number];

const toBenchmark = (row: Row): Benchmark => ({
  name: row.name,
  description: row.description,
  owner: row.owner,
  state: row.closedAt ? 'closed' : 'open',
  testDataset: { sha256: row.testDataset, size: row.testDatasetSize },
  metrics: {
    config: row.metricsConfig,
    archive: { sha256: row.metricsArchive, size: row.metricsSize },
    imageDigest: row.metricsImageDigest,
  },
  members: row.members ?? [],
  quorum: row.quorum,
  approvalDays: row.approvalDays,
  reminderHours: row.reminderHours,
  approves: { container: 'never', dataset: 'never', ...row.approves },
  createdAt: row.createdAt.toISOString(),
  closedAt: row.closedAt?.toISOString() ?? null,
});

/** Fails with `E_NOT_FOUND`. */
export async function readBenchmark(db: Db | Trx, name: BenchmarkName): Promise<Benchmark> {
  const row = await selectBenchmarks(db).where('benchmarks.name', '=', name).executeTakeFirst();
  if (row) return toBenchmark(row);
  throw new StrongroomError('E_NOT_FOUND', `There is no benchmark ${name}.`, {
    next: 'List them: strongroom benchmark list',
  });
}

export interface BenchmarkFilter {
  readonly state?: Benchmark['state'] | undefined;
  readonly member?: Handle | undefined;
}

/** By name. */
export async function listBenchmarks(
  db: Db,
  { state, member }: BenchmarkFilter,
  page: PageRequest,
): Promise<Page<Benchmark>> {
  const some = selectBenchmarks(db)
    .$if(state === 'open', (query) => query.where('benchmarks.closedAt', 'is', null))
    .$if(state === 'closed', (query) => query.where('benchmarks.closedAt', 'is not', null))
    .$if(member !== undefined, (query) =>
      query.where('benchmarks.name', 'in', (seats) =>
        seats
          .selectFrom('benchmarkMembers')
          .innerJoin('accounts as seated', 'seated.id', 'benchmarkMembers.accountId')
          .select('benchmarkMembers.benchmark')
          .where('seated.handle', '=', member ?? null),
      ),
    );
  return mapPage(await readPage(some, [byName('benchmarks.name')], page), toBenchmark);
}

export async function isMember(db: Db | Trx, account: AccountId, benchmark: BenchmarkName): Promise<boolean> {
  const seat = await db
    .selectFrom('benchmarkMembers')
    .select('position')
    .where('benchmark', '=', benchmark)
    .where('accountId', '=', account)
    .executeTakeFirst();
  return seat !== undefined;
}

/**
 * Creates a benchmark, or answers with the one that an identical request created. Fails with `E_ALREADY_EXISTS` for
 * another one of that name, and with `E_NOT_FOUND` for a member or a file that is not there.
 */
export async function insertBenchmark(db: Db, creator: Account, benchmark: NewBenchmark): Promise<Benchmark> {
  if (benchmark.quorum > benchmark.members.length) {
    throw new StrongroomError(
      'E_INVALID_REQUEST',
      `${benchmark.quorum} approvals of ${benchmark.members.length} cannot be had.`,
      {
        next: 'Name more members, or ask for fewer approvals.',
      },
    );
  }
  return db.transaction().execute(async (trx) => {
    await requireBlob(trx, benchmark.testDataset, 'test dataset');
    await requireBlob(trx, benchmark.metrics.archive, 'metrics archive');
    const seats = await findSeats(trx, benchmark.members);
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('benchmarks')
      .values({
        name: benchmark.name,
        ownerId: creator.id,
        description: benchmark.description,
        testDataset: benchmark.testDataset.sha256,
        metricsArchive: benchmark.metrics.archive.sha256,
        metricsConfig: benchmark.metrics.config,
        metricsImageDigest: benchmark.metrics.imageDigest,
        quorum: benchmark.quorum,
        approvalDays: benchmark.approvalDays,
        reminderHours: benchmark.reminderHours,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 0n) return readIdentical(trx, creator.handle, benchmark);
    const rows = seats.map((accountId, position) => ({ benchmark: benchmark.name, accountId, position }));
    await trx.insertInto('benchmarkMembers').values(rows).execute();
    const { members, quorum, policies } = benchmark;
    for (const [kind, policy] of policyEntries(policies)) {
      await writeApprovalPolicy(trx, benchmark.name, kind, policy, creator);
    }
    await recordAudit(trx, {
      action: 'benchmark.created',
      subject: `benchmark/${benchmark.name}`,
      before: null,
      after: {
        owner: creator.handle,
        members,
        quorum,
        ...Object.fromEntries(policyEntries(policies).map(([kind, policy]) => [`${kind}Policy`, auditFacts(policy)])),
      },
    });
    return readBenchmark(trx, benchmark.name);
  });
}

const policyEntries = (policies: NewBenchmark['policies']) =>
  Object.entries(policies) as [AssociationKind, NewApprovalPolicy][];

async function findSeats(trx: Trx, members: readonly Handle[]): Promise<AccountId[]> {
  const accounts = await trx
    .selectFrom('accounts')
    .select(['id', 'handle'])
    .where('handle', 'in', [...members])
    .execute();
  const ids = new Map(accounts.map((account) => [account.handle, account.id]));
  return members.map((member) => {
    const id = ids.get(member);
    if (id !== undefined) return id;
    throw new StrongroomError('E_NOT_FOUND', `There is no account ${member}.`, {
      why: 'Members of a committee need an account.',
    });
  });
}

async function readIdentical(trx: Trx, creator: Handle, wanted: NewBenchmark): Promise<Benchmark> {
  const benchmark = await readBenchmark(trx, wanted.name);
  const { owner, state: _state, approves: _approves, createdAt: _createdAt, closedAt: _closedAt, ...there } = benchmark;
  const { policies, ...rest } = wanted;
  const same = isDeepStrictEqual(there, rest) && (await hasPolicies(trx, wanted.name, policies));
  if (owner === creator && same) return benchmark;
  throw new StrongroomError('E_ALREADY_EXISTS', `There is another benchmark ${wanted.name}.`, {
    next: 'Choose another name.',
  });
}

async function hasPolicies(trx: Trx, name: BenchmarkName, wanted: NewBenchmark['policies']): Promise<boolean> {
  const there = await readApprovalPolicies(trx, name);
  return ASSOCIATION_KINDS.every((kind) => {
    const { approves, addresses } = wanted[kind] ?? VOTES_DECIDE;
    return isDeepStrictEqual(
      { approves, addresses },
      { approves: there[kind].approves, addresses: there[kind].addresses },
    );
  });
}

/** Closes a benchmark for new requests. A repeat changes nothing. For its creator and its committee. */
export async function closeBenchmark(db: Db, account: AccountId, name: BenchmarkName): Promise<Benchmark> {
  return db.transaction().execute(async (trx) => {
    const { ownerId, closedAt } = await lockBenchmark(trx, name);
    if (ownerId !== account && !(await isMember(trx, account, name))) {
      throw new StrongroomError('E_NOT_ALLOWED', `You cannot close ${name}.`, {
        why: 'Only its creator and its committee can.',
      });
    }
    if (closedAt === null) {
      await trx
        .updateTable('benchmarks')
        .set({ closedAt: sql<Date>`now()` })
        .where('name', '=', name)
        .execute();
      await recordAudit(trx, {
        action: 'benchmark.closed',
        subject: `benchmark/${name}`,
        before: { state: 'open' },
        after: { state: 'closed' },
      });
    }
    return readBenchmark(trx, name);
  });
}
