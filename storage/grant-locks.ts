/** Every change of access takes the association's row first, so that changes of one access happen one after the other. */
import { isUndecided } from '../domain/association.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AssociationId, BenchmarkName, Fingerprint } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { readAssociation, type Association } from './associations.ts';
import type { Trx } from './database.ts';

export interface OwnAccess {
  readonly id: AssociationId;
  readonly benchmark: BenchmarkName;
  /** `owner/name` */
  readonly container: string;
}

/**
 * Fails with `E_NOT_FOUND` for those who do not see the association, `E_NOT_ALLOWED` for those who do not own it, and
 * with its state's own code unless it is approved.
 */
export async function readOwnAccess(trx: Trx, owner: Account, id: AssociationId): Promise<OwnAccess> {
  const association = await readAssociation(trx, id, owner.id);
  checkOwnContainer(association, owner);
  checkApproved(association);
  return { id, benchmark: association.benchmark, container: `${association.owner}/${association.name}` };
}

/** The same, and nobody else changes the access until the transaction ends. */
export async function lockOwnAccess(trx: Trx, owner: Account, id: AssociationId): Promise<OwnAccess> {
  await lockAccess(trx, id);
  return readOwnAccess(trx, owner, id);
}

export async function lockAccess(trx: Trx, id: AssociationId): Promise<void> {
  await trx.selectFrom('associations').select('id').where('id', '=', id).forNoKeyUpdate().execute();
}

/**
 * The certificates stay as they are until the transaction ends: what came first is seen, and what comes later waits. All
 * at once, in one order and before any grant is touched, so that the revocation of one never waits in a circle.
 */
export async function holdCertificates(trx: Trx, fingerprints: readonly Fingerprint[]): Promise<void> {
  if (fingerprints.length === 0) return;
  await trx
    .selectFrom('certificates')
    .select('fingerprint')
    .where('fingerprint', 'in', fingerprints)
    .orderBy('fingerprint')
    .forShare()
    .execute();
}

/** Fails unless the association is that of the account's own container. */
export function checkOwnContainer(association: Association, owner: Account): void {
  if (association.owner !== owner.handle) {
    throw new StrongroomError(
      'E_NOT_ALLOWED',
      `The access to ${association.owner}/${association.name} is not yours to manage.`,
      {
        why: 'Only its owner has the key.',
      },
    );
  }
  if (association.kind === 'dataset') {
    throw new StrongroomError('E_INVALID_REQUEST', `${association.name} is a dataset: there is no key to grant.`);
  }
}

function checkApproved({ state, benchmark, name, reason, waitingOn }: Association): void {
  if (state === 'approved') return;
  if (state === 'closed') throw accessClosed(name, benchmark);
  if (isUndecided(state)) {
    throw new StrongroomError('E_PENDING_APPROVAL', `The committee of ${benchmark} has not decided on ${name} yet.`, {
      why: `Waiting for: ${waitingOn.join(', ')}.`,
      next: 'Try again once it is approved.',
    });
  }
  throw new StrongroomError('E_NOT_APPROVED', `${name} is not approved in ${benchmark}.`, {
    why: reason ?? `It is ${state}.`,
  });
}

const accessClosed = (name: string, benchmark: BenchmarkName): StrongroomError =>
  new StrongroomError('E_ACCESS_CLOSED', `The access to ${name} in ${benchmark} is closed.`, {
    why: 'Its owner deleted all keys.',
    next: 'The owner can associate the container again.',
  });
