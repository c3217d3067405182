/** Grants that fall by themselves: with their certificate, or with the last dataset of whoever holds it. */
import { sql, type Expression, type SqlBool } from 'kysely';
import type { AuditRecord } from '../domain/audit.ts';
import type { Handle } from '../domain/ids.ts';
import { recordAudit } from './audit.ts';
import type { Trx } from './database.ts';

/** Ends the valid ones among the holder's grants to which `fallen` applies and erases their keys. Answers how many. */
export async function endFallenGrants(
  trx: Trx,
  account: Handle,
  fallen: Expression<SqlBool>,
  reason: string,
): Promise<number> {
  const ended = await trx
    .updateTable('grants')
    .set({ state: 'revoked', message: null, revokedAt: sql<Date>`now()`, reason })
    .where('state', '=', 'valid')
    .where(fallen)
    .returning(['associationId', 'fingerprint'])
    .execute();
  const records = ended.map(({ associationId, fingerprint }): AuditRecord => ({
    action: 'grant.revoked',
    subject: `association/${associationId}`,
    before: { account, fingerprint, state: 'valid' },
    after: { account, fingerprint, state: 'revoked', reason },
  }));
  await recordAudit(trx, ...records);
  return ended.length;
}
