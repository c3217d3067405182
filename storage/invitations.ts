/** Containers that a committee asks for: a word to their owners, not a vote. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import {
  formatContainerRef,
  type AssociationId,
  type BenchmarkName,
  type ContainerName,
  type ContainerRef,
  type Handle,
} from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { lockBenchmark } from './benchmark-locks.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents } from './events.ts';
import type { AccountId } from './tables.ts';
import { byName, byNewest, mapPage, readPage, type Page, type PageRequest } from './pages.ts';

export interface Invitation {
  readonly benchmark: BenchmarkName;
  readonly container: ContainerRef;
  readonly invitedBy: Handle;
  readonly reason: string;
  readonly invitedAt: string;
  /** The newest request that followed; `null` while there is none. */
  readonly association: AssociationId | null;
}

/**
 * Invites a container to a benchmark and tells its owner. A repeat answers with the invitation that is there. Whether
 * there is such a container stays unsaid. Fails with `E_NOT_FOUND` for its owner, `E_BENCHMARK_CLOSED`, and `E_CONFLICT`
 * for one's own.
 */
export async function inviteContainer(
  db: Db,
  member: Account,
  benchmark: BenchmarkName,
  container: ContainerRef,
  reason: string,
): Promise<Invitation> {
  return db.transaction().execute(async (trx) => {
    const { closedAt } = await lockBenchmark(trx, benchmark);
    if (closedAt !== null) {
      throw new StrongroomError('E_BENCHMARK_CLOSED', `The benchmark ${benchmark} is closed.`, {
        why: 'It takes no new requests.',
      });
    }
    const ownerId = await findOwnerId(trx, container);
    if (ownerId === member.id) throw new StrongroomError('E_CONFLICT', 'Nobody invites their own container.');
    const invitation = { benchmark, ownerId, container: container.name, invitedBy: member.id, reason };
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('invitations')
      .values(invitation)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) await announce(trx, member, benchmark, container, { ownerId, reason });
    return readInvitation(trx, benchmark, ownerId, container.name);
  });
}

async function announce(
  trx: Trx,
  member: Account,
  benchmark: BenchmarkName,
  ref: ContainerRef,
  { ownerId, reason }: { readonly ownerId: AccountId; readonly reason: string },
): Promise<void> {
  const container = formatContainerRef(ref);
  await recordAudit(trx, {
    action: 'benchmark.container-invited',
    subject: `benchmark/${benchmark}`,
    before: null,
    after: { container, reason },
  });
  const account = member.handle;
  await recordEvents(trx, [{ audience: ownerId, type: 'container.invited', benchmark, container, account }]);
}

/** Takes an invitation back; a request that followed keeps its mark. Fails with `E_NOT_FOUND`. */
export async function withdrawInvitation(db: Db, benchmark: BenchmarkName, container: ContainerRef): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockBenchmark(trx, benchmark);
    const ownerId = await findOwnerId(trx, container);
    const { numDeletedRows } = await trx
      .deleteFrom('invitations')
      .where('benchmark', '=', benchmark)
      .where('ownerId', '=', ownerId)
      .where('container', '=', container.name)
      .executeTakeFirst();
    const ref = formatContainerRef(container);
    if (numDeletedRows === 0n) {
      throw new StrongroomError('E_NOT_FOUND', `${benchmark} has not invited ${ref}.`, {
        next: 'List the invitations: strongroom invitation list',
      });
    }
    await recordAudit(trx, {
      action: 'benchmark.invitation-withdrawn',
      subject: `benchmark/${benchmark}`,
      before: { container: ref },
      after: null,
    });
  });
}

/** Those of own containers, and those of own committees, the newest first. */
export async function listInvitations(
  db: Db,
  viewer: AccountId,
  { benchmark }: { readonly benchmark?: BenchmarkName | undefined },
  page: PageRequest,
): Promise<Page<Invitation>> {
  const visible = selectInvitations(db).where((query) =>
    query.or([
      query('invitations.ownerId', '=', viewer),
      query(
        'invitations.benchmark',
        'in',
        query.selectFrom('benchmarkMembers').select('benchmark').where('accountId', '=', viewer),
      ),
    ]),
  );
  const some = visible.$if(benchmark !== undefined, (query) =>
    query.where('invitations.benchmark', '=', benchmark ?? null),
  );
  const order = [byNewest('invitedAt'), byName('benchmark'), byName('owners.handle'), byName('container')];
  return mapPage(await readPage(some, order, page), toInvitation);
}

/** Who invited a container; `null` where nobody has. */
export async function findInviter(
  trx: Trx,
  benchmark: BenchmarkName,
  owner: AccountId,
  container: string,
): Promise<AccountId | null> {
  const row = await trx
    .selectFrom('invitations')
    .select('invitedBy')
    .where('benchmark', '=', benchmark)
    .where('ownerId', '=', owner)
    .where(sql.ref('container'), '=', container)
    .executeTakeFirst();
  return row?.invitedBy ?? null;
}

const selectInvitations = (db: Db | Trx) =>
  db
    .selectFrom('invitations')
    .innerJoin('accounts as owners', 'owners.id', 'invitations.ownerId')
    .innerJoin('accounts as inviters', 'inviters.id', 'invitations.invitedBy')
    .select(['invitations.benchmark', 'owners.handle as owner', 'invitations.container as name'])
    .select(['inviters.handle as invitedBy', 'invitations.reason', 'invitedAt'])
    .select((query) =>
      query
        .selectFrom('associations')
        .innerJoin('containers', 'containers.id', 'associations.containerId')
        .select('associations.id')
        .whereRef('associations.benchmark', '=', 'invitations.benchmark')
        .whereRef('associations.ownerId', '=', 'invitations.ownerId')
        .whereRef('containers.name', '=', 'invitations.container')
        .orderBy('requestedAt', 'desc')
        .limit(1)
        .as('association'),
    );

type Row = Awaited<ReturnType<ReturnType<typeof selectInvitations>['execute']>>[number];

const toInvitation = ({ owner, name, invitedAt, ...row }: Row): Invitation => ({
  ...row,
  container: { owner, name },
  invitedAt: invitedAt.toISOString(),
});

async function readInvitation(
  trx: Trx,
  benchmark: BenchmarkName,
  owner: AccountId,
  container: ContainerName,
): Promise<Invitation> {
  return toInvitation(
    await selectInvitations(trx)
      .where('invitations.benchmark', '=', benchmark)
      .where('invitations.ownerId', '=', owner)
      .where('invitations.container', '=', container)
      .executeTakeFirstOrThrow(),
  );
}

async function findOwnerId(trx: Trx, { owner }: ContainerRef): Promise<AccountId> {
  const account = await trx.selectFrom('accounts').select('id').where('handle', '=', owner).executeTakeFirst();
  if (account) return account.id;
  throw new StrongroomError('E_NOT_FOUND', `There is no account ${owner}.`);
}
