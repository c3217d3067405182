/** Who is authorised where: data owners by their approved datasets, containers by their own approval. */
import { sql } from 'kysely';
import type { AssociationId, BenchmarkName, ContainerName, Handle } from '../domain/ids.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';

export interface ApprovedContainer {
  readonly association: AssociationId;
  readonly ownerId: AccountId;
  /** `owner/name` */
  readonly container: string;
  readonly benchmark: BenchmarkName;
}

interface ContainerRow {
  readonly association: AssociationId;
  readonly ownerId: AccountId;
  readonly owner: Handle;
  readonly name: ContainerName;
  readonly benchmark: BenchmarkName;
}

const toApproved = ({ owner, name, ...row }: ContainerRow): ApprovedContainer => ({
  association: row.association,
  ownerId: row.ownerId,
  container: `${owner}/${name}`,
  benchmark: row.benchmark,
});

const approvedContainers = (db: Db | Trx) =>
  db
    .selectFrom('associations')
    .innerJoin('containers', 'containers.id', 'associations.containerId')
    .innerJoin('accounts as owners', 'owners.id', 'associations.ownerId')
    .select([
      'associations.id as association',
      'associations.ownerId',
      'owners.handle as owner',
      'containers.name',
      'associations.benchmark',
    ])
    .where('associations.kind', '=', 'container')
    .where('associations.state', '=', 'approved');

export async function listApprovedContainers(db: Db | Trx, benchmark: BenchmarkName): Promise<ApprovedContainer[]> {
  return (await approvedContainers(db).where('associations.benchmark', '=', benchmark).execute()).map(toApproved);
}

/** The approved containers of every benchmark in which the account is an authorised data owner. */
export async function listContainersFor(db: Db | Trx, dataOwner: AccountId): Promise<ApprovedContainer[]> {
  const rows = await approvedContainers(db)
    .where('associations.benchmark', 'in', (query) =>
      query
        .selectFrom('associations as own')
        .select('own.benchmark')
        .where('own.kind', '=', 'dataset')
        .where('own.state', '=', 'approved')
        .where('own.ownerId', '=', dataOwner),
    )
    .execute();
  return rows.map(toApproved);
}

/** Whether the account has an approved dataset in the benchmark. */
export async function isAuthorised(db: Db | Trx, dataOwner: AccountId, benchmark: BenchmarkName): Promise<boolean> {
  const found = await db
    .selectFrom('associations')
    .select(sql`1`.as('one'))
    .where('kind', '=', 'dataset')
    .where('state', '=', 'approved')
    .where('ownerId', '=', dataOwner)
    .where('benchmark', '=', benchmark)
    .executeTakeFirst();
  return found !== undefined;
}
