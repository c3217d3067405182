/** The entries of the audit log, as they are read. */
import type { AuditAction, AuditEntry, AuditRecord, Author } from '../domain/audit.ts';
import type { Handle } from '../domain/ids.ts';
import type { Db } from './database.ts';
import { inPeriod, type Period } from './periods.ts';

export interface AuditFilter extends Period {
  readonly account?: Handle | undefined;
  readonly action?: AuditAction | undefined;
  readonly subject?: string | undefined;
}

/** Sealed entries after the one numbered `after`, in their order, at most `limit`. */
export async function listAuditEntries(
  db: Db,
  filter: AuditFilter,
  after: number,
  limit: number,
): Promise<AuditEntry[]> {
  const { account, action, subject } = filter;
  const rows = await db
    .selectFrom('auditEntries')
    .select(['sequence', 'at', 'hash', 'content'])
    .where('sequence', '>', after)
    .where(inPeriod('at', filter))
    .$if(account !== undefined, (some) => some.where('account', '=', account ?? null))
    .$if(action !== undefined, (some) => some.where('action', '=', action ?? null))
    .$if(subject !== undefined, (some) => some.where('subject', '=', subject ?? null))
    .orderBy('sequence')
    .limit(limit)
    .execute();
  return rows.map(({ sequence, at, hash, content }) => {
    if (sequence === null || at === null || hash === null) throw new Error('An entry with a number is not sealed.');
    return { sequence, at: at.toISOString(), ...(JSON.parse(content) as Author & AuditRecord), hash };
  });
}

/** The newest entry; `null` where there is none. */
export async function findAuditHead(db: Db): Promise<Pick<AuditEntry, 'sequence' | 'hash'> | null> {
  const row = await db
    .selectFrom('auditEntries')
    .select(['sequence', 'hash'])
    .where('sequence', 'is not', null)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && row.sequence !== null && row.hash !== null ? { sequence: row.sequence, hash: row.hash } : null;
}
