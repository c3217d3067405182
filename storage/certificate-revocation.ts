/** Revocation of a certificate: every key that was wrapped to it is erased at the same moment. */
import { sql } from 'kysely';
import { StrongroomError } from '../domain/errors.ts';
import type { Fingerprint } from '../domain/ids.ts';
import type { Account } from './accounts.ts';
import { recordAudit } from './audit.ts';
import { listContainersFor } from './authorisation.ts';
import { findCertificate, type Certificate } from './certificates.ts';
import type { Db, Trx } from './database.ts';
import { recordEvents } from './events.ts';
import { endFallenGrants } from './fallen-grants.ts';

export interface CertificateRevocation {
  readonly certificate: Certificate;
  readonly grantsRevoked: number;
}

/** Revokes one of the account's certificates. A repeat changes nothing. Fails with `E_NOT_FOUND` for someone else's. */
export async function revokeCertificate(
  db: Db,
  account: Account,
  fingerprint: Fingerprint,
  reason: string,
): Promise<CertificateRevocation> {
  return db.transaction().execute(async (trx) => {
    const revoked = await trx
      .updateTable('certificates')
      .set({ state: 'revoked', revokedAt: sql<Date>`now()`, reason })
      .where('fingerprint', '=', fingerprint)
      .where('accountId', '=', account.id)
      .where('state', '<>', 'revoked')
      .executeTakeFirst();
    const grantsRevoked = revoked.numUpdatedRows === 1n ? await revokeItsGrants(trx, account, fingerprint, reason) : 0;
    const certificate = await findCertificate(trx, fingerprint);
    if (certificate?.account === account.handle) return { certificate, grantsRevoked };
    throw new StrongroomError('E_NOT_FOUND', `You have no certificate ${fingerprint}.`);
  });
}

async function revokeItsGrants(trx: Trx, account: Account, fingerprint: Fingerprint, reason: string): Promise<number> {
  await recordAudit(trx, {
    action: 'certificate.revoked',
    subject: `certificate/${fingerprint}`,
    before: { account: account.handle },
    after: { account: account.handle, state: 'revoked', reason },
  });
  const itsOwn = sql<boolean>`fingerprint = ${fingerprint}`;
  const ended = await endFallenGrants(trx, account.handle, itsOwn, `Certificate revoked: ${reason}`);
  const containers = await listContainersFor(trx, account.id);
  await recordEvents(
    trx,
    containers.map(({ ownerId, ...subject }) => ({
      ...subject,
      audience: ownerId,
      type: 'certificate.revoked',
      account: account.handle,
      fingerprint,
    })),
  );
  return ended;
}
