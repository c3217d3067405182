/** Rotation: a container's archive and every key that was wrapped for it are replaced in one transaction, or none is. */
import type { HostedArchive } from '../domain/archive.ts';
import { StrongroomError } from '../domain/errors.ts';
import { ROTATED } from '../domain/grant.ts';
import type { AssociationId, ContainerName, Fingerprint, Sha256 } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { lockOwnContainer, replaceArchive, type Container } from './containers.ts';
import { releaseBlob } from './blobs.ts';
import type { Db, Trx } from './database.ts';
import {
  announceAccess,
  endGrants,
  expireGrantsOf,
  grantCreated,
  listValidGrants,
  type ValidGrant,
} from './grant-changes.ts';
import { holdCertificates, readOwnAccess, type OwnAccess } from './grant-locks.ts';
import { findRecipients, findSigner, type NewGrant } from './grant-recipients.ts';
import { checkIsCurrent } from './held-archive.ts';

interface Named {
  readonly association: AssociationId;
  readonly fingerprint: Fingerprint;
}

export interface KeyRotation {
  /** Digest of the archive that is replaced. */
  readonly from: Sha256;
  readonly archive: HostedArchive;
  /** The new key, wrapped for those who keep their access. Origin and expiry stay as they were. */
  readonly grants: readonly (Named & { readonly message: string })[];
  /** Those for whom it could not be wrapped, each with the reason. */
  readonly ended: readonly (Named & { readonly reason: string })[];
}

/**
 * Replaces the archive of the owner's container and all its valid grants. A repeat changes nothing and answers the same.
 * `grants` and `ended` together must name exactly those who have access at this moment: fails with `E_ACCESS_CHANGED`
 * otherwise, with `E_ARCHIVE_CHANGED` where the archive is not `from` any more, `E_NOT_FOUND`, `E_INVALID_REQUEST`, and
 * as `insertGrants` fails for a recipient. Afterwards nobody fetches a key of the earlier archive.
 */
export async function rotateKey(
  db: Db,
  owner: Account,
  name: ContainerName,
  rotation: KeyRotation,
): Promise<Container> {
  checkRotation(rotation);
  const { from, archive } = rotation;
  return db.transaction().execute(async (trx) => {
    const own = await lockOwnContainer(trx, owner.id, name);
    if (!own) throw new StrongroomError('E_NOT_FOUND', `You have no container ${name}.`);
    const { id, container } = own;
    if (container.archive.sha256 === archive.sha256) return container;
    checkIsCurrent(`${owner.handle}/${name}`, container.archive.sha256, from);
    const replaced = await replaceGrants(trx, owner, id, rotation);
    await replaceArchive(trx, id, archive);
    await releaseBlob(trx, from);
    await recordAudit(trx, {
      action: 'container.rotated',
      subject: `container/${owner.handle}/${name}`,
      before: { archive: from },
      after: { archive: archive.sha256, rewrapped: replaced, ended: rotation.ended.length },
    });
    return { ...container, archive };
  });
}

function checkRotation({ from, archive, grants, ended }: KeyRotation): void {
  const named = [...grants, ...ended].map(keyOf);
  if (new Set(named).size < named.length) {
    throw new StrongroomError('E_INVALID_REQUEST', 'A grant is named twice.');
  }
  if (from === archive.sha256) {
    throw new StrongroomError('E_INVALID_REQUEST', 'The new archive is the one that is there already.', {
      why: 'An archive under a new key has another digest.',
    });
  }
}

const keyOf = ({ association, fingerprint }: Named) => `${association}/${fingerprint}`;

/** Answers how many grants were made anew. */
async function replaceGrants(trx: Trx, owner: Account, containerId: string, rotation: KeyRotation): Promise<number> {
  const associations = await lockAssociations(trx, containerId);
  await holdCertificates(
    trx,
    rotation.grants.map(({ fingerprint }) => fingerprint),
  );
  const valid = new Map<AssociationId, readonly ValidGrant[]>();
  for (const id of associations) {
    await expireGrantsOf(trx, id);
    const grants = await listValidGrants(trx, id);
    if (grants.length > 0) valid.set(id, grants);
  }
  checkNamesAll(rotation, valid);
  if (valid.size === 0) return 0;
  const signer = await findSigner(trx, owner);
  for (const [id, grants] of valid) await replaceGrantsIn(trx, { owner, id, signer, grants }, rotation);
  return rotation.grants.length;
}

/** Whatever their state: one that is approved in this moment waits. */
async function lockAssociations(trx: Trx, containerId: string): Promise<AssociationId[]> {
  const rows = await trx
    .selectFrom('associations')
    .select('id')
    .where('containerId', '=', containerId)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  return rows.map(({ id }) => id);
}

function checkNamesAll({ grants, ended }: KeyRotation, valid: ReadonlyMap<AssociationId, readonly ValidGrant[]>): void {
  const named = new Set([...grants, ...ended].map(keyOf));
  const there = [...valid].flatMap(([association, held]) =>
    held.map(({ fingerprint }) => keyOf({ association, fingerprint })),
  );
  if (named.size === there.length && there.every((key) => named.has(key))) return;
  throw new StrongroomError('E_ACCESS_CHANGED', 'Other people have access than those who were to get the new key.', {
    why: `${there.length} grants are valid, and the request names ${named.size}, not all of them the same.`,
    next: 'Wrap the new key for those who have access now, and ask again.',
  });
}

interface Place {
  readonly owner: Account;
  readonly id: AssociationId;
  readonly signer: Fingerprint;
  readonly grants: readonly ValidGrant[];
}

async function replaceGrantsIn(trx: Trx, place: Place, { grants, ended }: KeyRotation): Promise<void> {
  const { id } = place;
  const access = await readOwnAccess(trx, place.owner, id);
  for (const { fingerprint, reason } of ended.filter(({ association }) => association === id)) {
    const concerned = place.grants.filter((grant) => grant.fingerprint === fingerprint);
    await endGrants(trx, id, `${ROTATED}: ${reason}`, concerned);
    await announceAccess(trx, access, 'grant.revoked', concerned);
  }
  const here = grants.filter(({ association }) => association === id);
  const messages = new Map(here.map(({ fingerprint, message }) => [fingerprint, message]));
  const renewed = place.grants.flatMap(({ fingerprint, origin, expiresAt }) => {
    const message = messages.get(fingerprint);
    return message === undefined ? [] : [{ fingerprint, message, origin, expiresAt: expiresAt?.toISOString() ?? null }];
  });
  if (renewed.length > 0) await renewGrants(trx, access, renewed, place.signer);
}

async function renewGrants(
  trx: Trx,
  access: OwnAccess,
  renewed: readonly NewGrant[],
  signer: Fingerprint,
): Promise<void> {
  const { id } = access;
  const recipients = await findRecipients(trx, access, renewed);
  await endGrants(trx, id, ROTATED, recipients);
  await trx
    .insertInto('grants')
    .values(renewed.map((grant) => ({ ...grant, associationId: id, signer })))
    .execute();
  await recordAudit(trx, ...recipients.map((recipient) => grantCreated(id, recipient, renewed)));
  await announceAccess(trx, access, 'grant.created', recipients);
}
