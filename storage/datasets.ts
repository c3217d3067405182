/** Registered datasets: their name, digest and size. The data is with its owner. */
import { isDeepStrictEqual } from 'node:util';
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, DatasetName, Handle, Sha256 } from '../domain/ids.ts';
import { wasAskedFor } from './asked-benchmarks.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { byName, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface NewDataset {
  readonly name: DatasetName;
  readonly sha256: Sha256;
  readonly size: number;
  readonly files: number;
  readonly description: string;
}

export interface Dataset extends NewDataset {
  readonly owner: Handle;
  readonly registeredAt: string;
}

const selectDatasets = (db: Db | Trx) =>
  db
    .selectFrom('datasets')
    .innerJoin('accounts', 'accounts.id', 'datasets.ownerId')
    .select([
      'accounts.handle as owner',
      'datasets.name',
      'datasets.sha256',
      'datasets.size',
      'datasets.files',
      'datasets.description',
      'datasets.registeredAt',
    ]);

type Row = Awaited<ReturnType<ReturnType<typeof selectDatasets>['execute']>>[number];

const toDataset = (row: Row): Dataset => ({ ...row, registeredAt: row.registeredAt.toISOString() });

/**
 * Registers a dataset, or answers with the one that an identical request registered. Fails with `E_ALREADY_EXISTS`
 * where the name stands for something else.
 */
export async function insertDataset(db: Db, ownerId: AccountId, dataset: NewDataset): Promise<Dataset> {
  await db
    .insertInto('datasets')
    .values({ ...dataset, ownerId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await selectDatasets(db)
    .where('ownerId', '=', ownerId)
    .where('datasets.name', '=', dataset.name)
    .executeTakeFirstOrThrow();
  const { owner: _owner, registeredAt: _at, ...there } = row;
  if (isDeepStrictEqual(there, dataset)) return toDataset(row);
  throw new StrongroomError('E_ALREADY_EXISTS', `Your dataset ${dataset.name} is another one.`, {
    why: 'What was registered does not change: approvals rest on its digest.',
    next: 'Choose another name.',
  });
}

/** By name; `benchmark` is one that was asked to accept them. */
export async function listDatasets(
  db: Db,
  owner: AccountId,
  { benchmark }: { readonly benchmark?: BenchmarkName | undefined },
  page: PageRequest,
): Promise<Page<Dataset>> {
  const own = selectDatasets(db).where('datasets.ownerId', '=', owner).where(wasAskedFor(benchmark, 'datasets'));
  return mapPage(await readPage(own, [byName('datasets.name')], page), toDataset);
}

/** A dataset that the viewer may see: its own, or one that its committee was asked to approve. */
export async function findVisibleDataset(
  db: Db,
  ref: { readonly owner: Handle; readonly name: DatasetName },
  viewer: AccountId,
): Promise<Dataset | undefined> {
  const row = await selectDatasets(db)
    .where('accounts.handle', '=', ref.owner)
    .where('datasets.name', '=', ref.name)
    .where((query) =>
      query.or([
        query('datasets.ownerId', '=', viewer),
        query.exists(
          query
            .selectFrom('associations')
            .innerJoin('benchmarkMembers', 'benchmarkMembers.benchmark', 'associations.benchmark')
            .select('associations.id')
            .whereRef('associations.datasetId', '=', 'datasets.id')
            .where('benchmarkMembers.accountId', '=', viewer),
        ),
      ]),
    )
    .executeTakeFirst();
  return row && toDataset(row);
}
