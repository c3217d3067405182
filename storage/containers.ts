/** Registered containers: what they are and where their encrypted archive is. Never a key. */
import { isDeepStrictEqual } from 'node:util';
import type { HostedArchive } from '../domain/archive.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { BenchmarkName, ContainerName, ContainerRef, Handle, ImageDigest } from '../domain/ids.ts';
import { wasAskedFor } from './asked-benchmarks.ts';
import type { Db, Trx } from './database.ts';
import type { AccountId } from './tables.ts';
import { byName, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface NewContainer {
  readonly name: ContainerName;
  /** `container_config.yaml`, word by word. */
  readonly config: string;
  readonly archive: HostedArchive;
  readonly imageDigest: ImageDigest;
  readonly plaintextSize: number;
}

export interface Container extends NewContainer {
  readonly owner: Handle;
  readonly registeredAt: string;
}

const selectContainers = (db: Db | Trx) =>
  db
    .selectFrom('containers')
    .innerJoin('accounts', 'accounts.id', 'containers.ownerId')
    .selectAll('containers')
    .select('accounts.handle as owner');

type Row = Awaited<ReturnType<ReturnType<typeof selectContainers>['execute']>>[number];

const toContainer = (row: Row): Container => ({
  owner: row.owner,
  name: row.name,
  config: row.config,
  archive: { url: row.archiveUrl, sha256: row.archiveSha256, size: row.archiveSize },
  imageDigest: row.imageDigest,
  plaintextSize: row.plaintextSize,
  registeredAt: row.registeredAt.toISOString(),
});

/**
 * Registers a container, or answers with the one that an identical request registered. Fails with `E_ALREADY_EXISTS`
 * where the name stands for something else: what was registered never changes.
 */
export async function insertContainer(db: Db, ownerId: AccountId, container: NewContainer): Promise<Container> {
  const { name, config, archive, imageDigest, plaintextSize } = container;
  await db
    .insertInto('containers')
    .values({
      ownerId,
      name,
      config,
      archiveUrl: archive.url,
      archiveSha256: archive.sha256,
      archiveSize: archive.size,
      imageDigest,
      plaintextSize,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await selectContainers(db)
    .where('ownerId', '=', ownerId)
    .where('containers.name', '=', name)
    .executeTakeFirstOrThrow();
  const { owner: _owner, registeredAt: _at, ...there } = toContainer(row);
  if (isDeepStrictEqual(there, { name, config, archive, imageDigest, plaintextSize })) return toContainer(row);
  throw new StrongroomError('E_ALREADY_EXISTS', `Your container ${name} is another one.`, {
    why: 'What was registered does not change: associations rest on it.',
    next: 'Choose another name.',
  });
}

/** The owner's container by its name; nobody hands keys to it in or out until the transaction ends. */
export async function lockOwnContainer(
  trx: Trx,
  owner: AccountId,
  name: ContainerName,
): Promise<{ readonly id: string; readonly container: Container } | undefined> {
  const row = await selectContainers(trx)
    .where('ownerId', '=', owner)
    .where('containers.name', '=', name)
    .forNoKeyUpdate('containers')
    .executeTakeFirst();
  return row && { id: row.id, container: toContainer(row) };
}

/** The same image under another encryption. */
export async function replaceArchive(trx: Trx, id: string, archive: HostedArchive): Promise<void> {
  await trx
    .updateTable('containers')
    .set({ archiveUrl: archive.url, archiveSha256: archive.sha256, archiveSize: archive.size })
    .where('id', '=', id)
    .execute();
}

/** By name; `benchmark` is one that was asked to accept them. */
export async function listContainers(
  db: Db,
  owner: AccountId,
  { benchmark }: { readonly benchmark?: BenchmarkName | undefined },
  page: PageRequest,
): Promise<Page<Container>> {
  const own = selectContainers(db).where('containers.ownerId', '=', owner).where(wasAskedFor(benchmark, 'containers'));
  return mapPage(await readPage(own, [byName('containers.name')], page), toContainer);
}

/** A container that the viewer may see: its own; as a committee's member; or as a data owner where it is approved. */
export async function findVisibleContainer(
  db: Db,
  ref: ContainerRef,
  viewer: AccountId,
): Promise<Container | undefined> {
  const row = await selectContainers(db)
    .where('accounts.handle', '=', ref.owner)
    .where('containers.name', '=', ref.name)
    .where((query) =>
      query.or([
        query('containers.ownerId', '=', viewer),
        query.exists(
          query
            .selectFrom('associations')
            .innerJoin('benchmarkMembers', 'benchmarkMembers.benchmark', 'associations.benchmark')
            .select('associations.id')
            .whereRef('associations.containerId', '=', 'containers.id')
            .where('benchmarkMembers.accountId', '=', viewer),
        ),
        query.exists(
          query
            .selectFrom('associations')
            .innerJoin('associations as own', 'own.benchmark', 'associations.benchmark')
            .select('associations.id')
            .whereRef('associations.containerId', '=', 'containers.id')
            .where('associations.state', '=', 'approved')
            .where('own.kind', '=', 'dataset')
            .where('own.state', '=', 'approved')
            .where('own.ownerId', '=', viewer),
        ),
      ]),
    )
    .executeTakeFirst();
  return row && toContainer(row);
}
