/** Grants: model keys, each wrapped to one certificate. The wrapped key is erased the moment a grant ends. */
import { sql } from 'kysely';
import type { AccessEntry } from '../domain/grant.ts';
import type { AssociationId, EmailAddress, Sha256 } from '../domain/ids.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { readAssociation } from './associations.ts';
import type { Db, Trx } from './database.ts';
import {
  announceAccess,
  endByTime,
  endGrants,
  expireGrantsOf,
  grantCreated,
  listValidGrants,
} from './grant-changes.ts';
import { checkOwnContainer, lockAccess, lockOwnAccess } from './grant-locks.ts';
import { checkIsCurrent, holdArchive } from './held-archive.ts';
import { findRecipients, findSigner, type CheckedRecipient, type NewGrant } from './grant-recipients.ts';
import { byOldest, byText, mapPage, readPage, type Page, type PageRequest } from './pages.ts';
import { inPeriod, type Period } from './periods.ts';

const STATE_NOW = sql<AccessEntry['state']>`CASE WHEN grants.state = 'valid'
  AND (grants.expires_at <= now() OR certificates.expires_at <= now()) THEN 'expired' ELSE grants.state END`;

const selectEntries = (db: Db | Trx, association: AssociationId) =>
  db
    .selectFrom('grants')
    .innerJoin('certificates', 'certificates.fingerprint', 'grants.fingerprint')
    .innerJoin('accounts', 'accounts.id', 'certificates.accountId')
    .select([
      'accounts.handle as account',
      'certificates.email',
      'grants.fingerprint',
      'grants.origin',
      'grants.reason',
    ])
    .select(['grants.grantedAt', 'grants.expiresAt', 'grants.lastFetchedAt', 'grants.revokedAt'])
    .select(STATE_NOW.as('state'))
    .where('grants.associationId', '=', association)
    .orderBy('grants.grantedAt')
    .orderBy('grants.fingerprint');

type Row = Awaited<ReturnType<ReturnType<typeof selectEntries>['execute']>>[number];

const toEntry = (row: Row): AccessEntry => ({
  ...row,
  grantedAt: row.grantedAt.toISOString(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastFetchedAt: row.lastFetchedAt?.toISOString() ?? null,
  revokedAt: row.revokedAt?.toISOString() ?? null,
});

/** `from` and `until` are about when it was granted. */
export interface AccessFilter extends Period {
  readonly state?: AccessEntry['state'] | undefined;
  readonly email?: EmailAddress | undefined;
}

/** Who has access and who had it, for the container's owner. */
export async function listGrants(
  db: Db,
  owner: Account,
  id: AssociationId,
  filter: AccessFilter,
  page: PageRequest,
): Promise<Page<AccessEntry>> {
  checkOwnContainer(await readAssociation(db, id, owner.id), owner);
  const { state, email } = filter;
  const some = selectEntries(db, id)
    .clearOrderBy()
    .where(inPeriod('grants.grantedAt', filter))
    .$if(email !== undefined, (entries) => entries.where('certificates.email', '=', email ?? null))
    .$if(state !== undefined, (entries) => entries.where(STATE_NOW, '=', state ?? 'valid'));
  // One certificate may have had several grants.
  return mapPage(await readPage(some, [byOldest('grants.grantedAt'), byText('grants.id')], page), toEntry);
}

/**
 * Grants access to all of `grants` or to none; what they wrap opens `archive`. A certificate with a valid grant keeps
 * that one as it is. Fails with `E_NO_CERTIFICATE` where the owner has none to sign with, `E_NOT_FOUND`, `E_NOT_AUTHORISED`,
 * `E_CERTIFICATE_REVOKED` and `E_CERTIFICATE_EXPIRED` for a recipient, `E_ACCESS_REVOKED` for an automatic grant to
 * an address that was revoked, `E_ARCHIVE_CHANGED` where the container has another archive by now, and with what
 * `lockOwnAccess` fails with.
 */
export async function insertGrants(
  db: Db,
  owner: Account,
  id: AssociationId,
  archive: Sha256,
  grants: readonly NewGrant[],
): Promise<AccessEntry[]> {
  return db.transaction().execute(async (trx) => {
    const current = await holdArchive(trx, id);
    const access = await lockOwnAccess(trx, owner, id);
    checkIsCurrent(access.container, current, archive);
    const signer = await findSigner(trx, owner);
    const recipients = await findRecipients(trx, access, grants);
    await expireGrantsOf(trx, id);
    const inserted = await trx
      .insertInto('grants')
      .values(grants.map((grant) => ({ ...grant, associationId: id, signer })))
      .onConflict((conflict) =>
        conflict.columns(['associationId', 'fingerprint']).where('state', '=', sql.lit('valid')).doNothing(),
      )
      .returning('fingerprint')
      .execute();
    const byHand = grants.filter((grant) => grant.origin === 'manual').map((grant) => grant.fingerprint);
    await forgetRevocations(
      trx,
      id,
      recipients.filter((recipient) => byHand.includes(recipient.fingerprint)),
    );
    const fresh = new Set(inserted.map((grant) => grant.fingerprint));
    const created = recipients.filter((recipient) => fresh.has(recipient.fingerprint));
    await recordAudit(trx, ...created.map((recipient) => grantCreated(id, recipient, grants)));
    const entries = await selectEntries(trx, id)
      .where('grants.state', '=', 'valid')
      .where(
        'grants.fingerprint',
        'in',
        recipients.map((recipient) => recipient.fingerprint),
      )
      .execute();
    await announceAccess(trx, access, 'grant.created', created);
    return inOrderOf(grants, entries.map(toEntry));
  });
}

async function forgetRevocations(trx: Trx, id: AssociationId, recipients: readonly CheckedRecipient[]): Promise<void> {
  if (recipients.length === 0) return;
  const emails = recipients.map((recipient) => recipient.email);
  await trx.deleteFrom('revokedAddresses').where('associationId', '=', id).where('email', 'in', emails).execute();
}

function inOrderOf(grants: readonly NewGrant[], entries: readonly AccessEntry[]): AccessEntry[] {
  const byFingerprint = new Map(entries.map((entry) => [entry.fingerprint, entry]));
  return grants.flatMap((grant) => byFingerprint.get(grant.fingerprint) ?? []);
}

/**
 * Ends every grant to an address and erases its wrapped keys; auto-grant passes the address over from now on. The same
 * request again, whose answer may have been lost, is answered as it was. Fails with `E_NO_ACCESS` where the address has
 * no grant. Nobody reads one of these keys once this has returned.
 */
export async function revokeGrants(
  db: Db,
  owner: Account,
  id: AssociationId,
  email: EmailAddress,
  reason: string,
): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const access = await lockOwnAccess(trx, owner, id);
    await expireGrantsOf(trx, id);
    const concerned = (await listValidGrants(trx, id)).filter((grant) => grant.email === email);
    if (concerned.length === 0) {
      const before = await countRevokedBefore(trx, id, email, reason);
      if (before > 0) return before;
      throw new StrongroomError(
        'E_NO_ACCESS',
        `${email} has no access to ${access.container} in ${access.benchmark}.`,
        {
          next: 'See who has: strongroom access list',
        },
      );
    }
    await endGrants(trx, id, reason, concerned);
    await trx
      .insertInto('revokedAddresses')
      .values({ associationId: id, email })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await announceAccess(trx, access, 'grant.revoked', concerned);
    return concerned.length;
  });
}

/** How many grants the same request ended, where it was the last thing that happened to the address here. */
async function countRevokedBefore(trx: Trx, id: AssociationId, email: EmailAddress, reason: string): Promise<number> {
  const { count } = await trx
    .selectFrom('revokedAddresses')
    .innerJoin('grants', (join) =>
      join
        .onRef('grants.associationId', '=', 'revokedAddresses.associationId')
        .onRef('grants.revokedAt', '=', 'revokedAddresses.revokedAt'),
    )
    .innerJoin('certificates', (join) =>
      join
        .onRef('certificates.fingerprint', '=', 'grants.fingerprint')
        .onRef('certificates.email', '=', 'revokedAddresses.email'),
    )
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('revokedAddresses.associationId', '=', id)
    .where('revokedAddresses.email', '=', email)
    .where('grants.reason', '=', reason)
    .executeTakeFirstOrThrow();
  return count;
}

const ALL_KEYS_DELETED = 'The owner deleted all keys.';

/** Erases every wrapped key and closes the association. Answers how many keys there were; a repeat answers the same. */
export async function deleteGrants(db: Db, owner: Account, id: AssociationId): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await lockAccess(trx, id);
    const association = await readAssociation(trx, id, owner.id);
    checkOwnContainer(association, owner);
    if (association.state === 'closed' && association.decidedAt !== null) return countDeletedBefore(trx, id);
    const access = await lockOwnAccess(trx, owner, id);
    const reason = ALL_KEYS_DELETED;
    await expireGrantsOf(trx, id);
    const concerned = await listValidGrants(trx, id);
    await endGrants(trx, id, reason, concerned);
    await recordAudit(trx, {
      action: 'access.closed',
      subject: `association/${id}`,
      before: { state: association.state },
      after: { state: 'closed', reason },
    });
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
    await announceAccess(trx, access, 'access.closed', concerned);
    return concerned.length;
  });
}

async function countDeletedBefore(trx: Trx, id: AssociationId): Promise<number> {
  const { count } = await trx
    .selectFrom('associations')
    .innerJoin('grants', (join) =>
      join
        .onRef('grants.associationId', '=', 'associations.id')
        .onRef('grants.revokedAt', '=', 'associations.closedAt'),
    )
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('associations.id', '=', id)
    .where('grants.reason', '=', ALL_KEYS_DELETED)
    .executeTakeFirstOrThrow();
  return count;
}

/** Ends grants whose time has come, or whose certificate's has, everywhere, and erases their keys. Answers how many. */
export async function expireGrants(db: Db): Promise<number> {
  const { numUpdatedRows } = await endByTime(db).executeTakeFirst();
  return Number(numUpdatedRows);
}
