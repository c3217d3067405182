/** A dataset leaves its benchmark: with an owner's last one there, every key wrapped to that owner falls with it. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { readAssociation, type Association } from './associations.ts';
import { isAuthorised, listApprovedContainers } from './authorisation.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents, type NewEvent } from './events.ts';
import { endFallenGrants } from './fallen-grants.ts';
import { lockAccess } from './grant-locks.ts';

export interface DatasetDeparture {
  readonly association: Association;
  readonly grantsRevoked: number;
}

/**
 * Closes the approved association of an own dataset. Whoever has no other approved dataset in the benchmark is no
 * authorised data owner there any more, and loses all access in the same transaction. A repeat changes nothing.
 * Fails with `E_NOT_FOUND`, `E_NOT_ALLOWED` for someone else's, `E_INVALID_REQUEST` for a container's, and
 * `E_CONFLICT` for one that was never approved.
 */
export async function leaveBenchmark(
  db: Db,
  owner: Account,
  id: AssociationId,
  reason: string,
): Promise<DatasetDeparture> {
  return db.transaction().execute(async (trx) => {
    await lockAccess(trx, id);
    const association = await readAssociation(trx, id, owner.id);
    checkOwnDataset(association, owner);
    if (association.state === 'closed') return { association, grantsRevoked: 0 };
    if (association.state !== 'approved') throw notApproved(association);
    // New grants hold the certificates meanwhile, so that none can slip in between.
    await trx.selectFrom('certificates').select('fingerprint').where('accountId', '=', owner.id).forUpdate().execute();
    await trx
      .updateTable('associations')
      .set({
        state: 'closed',
        closedAt: sql<Date>`now()`,
        stateSince: sql<Date>`now()`,
        revision: sql`revision + 1`,
        reason,
      })
      .where('id', '=', id)
      .execute();
    const still = await isAuthorised(trx, owner.id, association.benchmark);
    await recordAudit(trx, {
      action: 'association.closed',
      subject: `association/${id}`,
      before: { state: association.state },
      after: { state: 'closed', reason },
    });
    const grantsRevoked = still
      ? 0
      : await endFallenGrants(trx, owner.handle, inBenchmark(owner, association), `Dataset withdrawn: ${reason}`);
    const closed = await readAssociation(trx, id, owner.id);
    if (!still) await announce(trx, owner, association);
    return { association: closed, grantsRevoked };
  });
}

function checkOwnDataset({ kind, name, owner: ownedBy }: Association, owner: Account): void {
  if (ownedBy !== owner.handle) {
    throw new StrongroomError('E_NOT_ALLOWED', `The dataset ${ownedBy}/${name} is not yours.`);
  }
  if (kind === 'container') {
    throw new StrongroomError('E_INVALID_REQUEST', `${name} is a container.`, {
      next: 'End its access: strongroom access delete-keys',
    });
  }
}

const notApproved = ({ name, state, benchmark }: Association) =>
  new StrongroomError('E_CONFLICT', `${name} is not in ${benchmark}.`, { why: `The request is ${state}.` });

const inBenchmark = (holder: Account, { benchmark }: Association) => sql<boolean>`
  fingerprint IN (SELECT fingerprint FROM certificates WHERE account_id = ${holder.id})
  AND association_id IN (SELECT id FROM associations WHERE benchmark = ${benchmark})`;

/** To the owners of the benchmark's containers. */
async function announce(trx: Trx, owner: Account, { benchmark }: Association): Promise<void> {
  const containers = await listApprovedContainers(trx, benchmark);
  const events = containers.map(({ ownerId, ...subject }): NewEvent => ({
    ...subject,
    audience: ownerId,
    type: 'data-owner.left',
    account: owner.handle,
  }));
  await recordEvents(trx, events);
}
