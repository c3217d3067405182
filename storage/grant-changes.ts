/** What every change of access is made of: who holds a valid grant, its end, and the news of it. */
import { sql } from 'kysely';
import type { AuditRecord } from '../domain/audit.ts';
import type { GrantOrigin } from '../domain/grant.ts';
import type { AssociationId, EmailAddress } from '../domain/ids.ts';
import { recordAudit } from './audit.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents, type NewEvent } from './events.ts';
import type { OwnAccess } from './grant-locks.ts';
import type { CheckedRecipient, NewGrant } from './grant-recipients.ts';

export type Concerned = Pick<CheckedRecipient, 'accountId' | 'account' | 'fingerprint'>;

export interface ValidGrant extends Concerned {
  readonly email: EmailAddress;
  readonly origin: GrantOrigin;
  readonly expiresAt: Date | null;
}

export async function listValidGrants(trx: Trx, id: AssociationId): Promise<ValidGrant[]> {
  return trx
    .selectFrom('grants')
    .innerJoin('certificates', 'certificates.fingerprint', 'grants.fingerprint')
    .innerJoin('accounts', 'accounts.id', 'certificates.accountId')
    .select(['accounts.id as accountId', 'accounts.handle as account', 'certificates.email', 'grants.fingerprint'])
    .select(['grants.origin', 'grants.expiresAt'])
    .where('grants.associationId', '=', id)
    .where('grants.state', '=', 'valid')
    .execute();
}

/** What has ended by time, or with its certificate, makes room for the next. */
export async function expireGrantsOf(trx: Trx, id: AssociationId): Promise<void> {
  await endByTime(trx).where('associationId', '=', id).execute();
}

export const endByTime = (db: Db | Trx) =>
  db
    .updateTable('grants')
    .set({ state: 'expired', message: null })
    .where('state', '=', 'valid')
    .where(
      sql<boolean>`(expires_at <= now() OR EXISTS (SELECT FROM certificates
        WHERE certificates.fingerprint = grants.fingerprint AND certificates.expires_at <= now()))`,
    );

export function grantCreated(
  id: AssociationId,
  { account, fingerprint }: CheckedRecipient,
  grants: readonly NewGrant[],
): AuditRecord {
  const { origin, expiresAt } = grants.find((grant) => grant.fingerprint === fingerprint) ?? {};
  const after = { account, fingerprint, state: 'valid', origin, expiresAt };
  return { action: 'grant.created', subject: `association/${id}`, before: null, after };
}

/** Ends the valid grants of those concerned and erases their keys. */
export async function endGrants(
  trx: Trx,
  id: AssociationId,
  reason: string,
  concerned: readonly Concerned[],
): Promise<void> {
  if (concerned.length === 0) return;
  const fingerprints = concerned.map((grant) => grant.fingerprint);
  await trx
    .updateTable('grants')
    .set({ state: 'revoked', message: null, revokedAt: sql<Date>`now()`, reason })
    .where('associationId', '=', id)
    .where('state', '=', 'valid')
    .where('fingerprint', 'in', fingerprints)
    .execute();
  const records = concerned.map(({ account, fingerprint }): AuditRecord => ({
    action: 'grant.revoked',
    subject: `association/${id}`,
    before: { account, fingerprint, state: 'valid' },
    after: { account, fingerprint, state: 'revoked', reason },
  }));
  await recordAudit(trx, ...records);
}

/** Tells each of those concerned. */
export async function announceAccess(
  trx: Trx,
  { id, container, benchmark }: OwnAccess,
  type: 'grant.created' | 'grant.revoked' | 'access.closed',
  concerned: readonly Concerned[],
): Promise<void> {
  const events = concerned.map(({ accountId, account, fingerprint }): NewEvent => ({
    audience: accountId,
    type,
    association: id,
    container,
    benchmark,
    account,
    fingerprint,
  }));
  await recordEvents(trx, events);
}
