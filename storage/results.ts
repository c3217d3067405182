/** Results that data owners released. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import {
  formatContainerRef,
  type BenchmarkName,
  type ContainerRef,
  type DatasetName,
  type Handle,
} from '../domain/ids.ts';
import type { AssociationId } from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { Account } from './accounts.ts';
import { isMember, readBenchmark } from './benchmarks.ts';
import type { Db, Trx } from './database.ts';
import { byOldest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';
import { inPeriod, type Period } from './periods.ts';

export interface NewResult {
  readonly container: ContainerRef;
  readonly benchmark: BenchmarkName;
  /** One of the submitter's own. */
  readonly dataset: DatasetName;
  readonly metrics: Metrics;
}

export interface Result {
  readonly id: string;
  readonly container: ContainerRef;
  readonly benchmark: BenchmarkName;
  readonly dataset: { readonly owner: Handle; readonly name: DatasetName };
  readonly metrics: Metrics;
  readonly submittedAt: string;
}

const selectResults = (db: Db | Trx) =>
  db
    .selectFrom('results')
    .innerJoin('associations', 'associations.id', 'results.associationId')
    .innerJoin('containers', 'containers.id', 'associations.containerId')
    .innerJoin('accounts as modelOwners', 'modelOwners.id', 'containers.ownerId')
    .innerJoin('datasets', 'datasets.id', 'results.datasetId')
    .innerJoin('accounts as dataOwners', 'dataOwners.id', 'datasets.ownerId')
    .select(['results.id', 'results.metrics', 'results.submittedAt', 'associations.benchmark'])
    .select(['modelOwners.handle as modelOwner', 'containers.name as container'])
    .select(['dataOwners.handle as dataOwner', 'datasets.name as dataset']);

type Row = Awaited<ReturnType<ReturnType<typeof selectResults>['execute']>>[number];

const toResult = (row: Row): Result => ({
  id: row.id,
  container: { owner: row.modelOwner, name: row.container },
  benchmark: row.benchmark,
  dataset: { owner: row.dataOwner, name: row.dataset },
  metrics: row.metrics,
  submittedAt: row.submittedAt.toISOString(),
});

/**
 * Records a result, or answers with the same one that was recorded before. Fails with `E_DATASET_NOT_FOUND`,
 * `E_NOT_AUTHORISED` where the dataset is not approved, and `E_NO_ACCESS` where the submitter never had access.
 */
export async function insertResult(db: Db, submitter: Account, result: NewResult): Promise<Result> {
  return db.transaction().execute(async (trx) => {
    const datasetId = await findApprovedDataset(trx, submitter, result);
    const associationId = await findAccessOnce(trx, submitter, result);
    const row = { associationId, datasetId, metrics: JSON.stringify(result.metrics) };
    await trx
      .insertInto('results')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const recorded = await selectResults(trx)
      .where('results.associationId', '=', associationId)
      .where('results.datasetId', '=', datasetId)
      .where('results.metrics', '=', sql<Metrics>`${row.metrics}::jsonb`)
      .executeTakeFirstOrThrow();
    return toResult(recorded);
  });
}

async function findApprovedDataset(trx: Trx, submitter: Account, { dataset, benchmark }: NewResult): Promise<string> {
  const own = await trx
    .selectFrom('datasets')
    .select(['id', isApprovedIn(benchmark).as('approved')])
    .where('ownerId', '=', submitter.id)
    .where('name', '=', dataset)
    .executeTakeFirst();
  if (!own) throw new StrongroomError('E_DATASET_NOT_FOUND', `You have no dataset ${dataset}.`);
  if (own.approved) return own.id;
  throw new StrongroomError('E_NOT_AUTHORISED', `Your dataset ${dataset} is not approved in ${benchmark}.`, {
    next: `Ask for it: strongroom dataset associate ${dataset} --benchmark ${benchmark}`,
  });
}

const isApprovedIn = (benchmark: BenchmarkName) =>
  sql<boolean>`EXISTS (SELECT FROM associations WHERE dataset_id = datasets.id AND state = 'approved'
    AND benchmark = ${benchmark})`;

/** The association under which the submitter has, or had, a grant. */
async function findAccessOnce(
  trx: Trx,
  submitter: Account,
  { container, benchmark }: NewResult,
): Promise<AssociationId> {
  const access = await trx
    .selectFrom('grants')
    .innerJoin('certificates', 'certificates.fingerprint', 'grants.fingerprint')
    .innerJoin('associations', 'associations.id', 'grants.associationId')
    .innerJoin('containers', 'containers.id', 'associations.containerId')
    .innerJoin('accounts', 'accounts.id', 'containers.ownerId')
    .select('associations.id')
    .where('certificates.accountId', '=', submitter.id)
    .where('accounts.handle', '=', container.owner)
    .where('containers.name', '=', container.name)
    .where('associations.benchmark', '=', benchmark)
    .orderBy('grants.grantedAt', 'desc')
    .executeTakeFirst();
  if (access) return access.id;
  throw new StrongroomError('E_NO_ACCESS', `You never had access to ${formatContainerRef(container)} in ${benchmark}.`);
}

/** `from` and `until` are about when it was submitted. */
export interface ResultFilter extends Period {
  readonly container?: ContainerRef | undefined;
}

/** All results of a benchmark for its committee; for others the ones they submitted. */
export async function listResults(
  db: Db,
  viewer: Account,
  benchmark: BenchmarkName,
  filter: ResultFilter,
  page: PageRequest,
): Promise<Page<Result>> {
  await readBenchmark(db, benchmark);
  const all = await isMember(db, viewer.id, benchmark);
  const some = selectResults(db)
    .where('associations.benchmark', '=', benchmark)
    .where(inPeriod('results.submittedAt', filter))
    .$if(filter.container !== undefined, (some) =>
      some
        .where('modelOwners.handle', '=', filter.container?.owner ?? null)
        .where('containers.name', '=', filter.container?.name ?? null),
    )
    .$if(!all, (visible) => visible.where('datasets.ownerId', '=', viewer.id));
  return mapPage(await readPage(some, [byOldest('results.submittedAt'), byText('results.id')], page), toResult);
}
