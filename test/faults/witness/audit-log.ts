/** The audit log (I8): its chain holds from end to end by number, and no entry waits unsealed. */
import { AuditChain } from '../../../crypto/audit-chain.ts';
import { StrongroomError } from '../../../domain/errors.ts';
import type { Db } from '../../../storage/database.ts';
import { listAuditEntries } from '../../../storage/audit-entries.ts';

const PAGE = 1000;

export async function brokenAuditLog(db: Db): Promise<string[]> {
  const drafts = await db.selectFrom('auditEntries').select('id').where('sequence', 'is', null).execute();
  const unsealed = drafts.map(({ id }) => `audit entry ${id} was never sealed`);
  const chain = new AuditChain([]);
  try {
    for (;;) {
      const entries = await listAuditEntries(db, {}, chain.head.sequence, PAGE);
      for (const entry of entries) chain.append(entry);
      if (entries.length < PAGE) break;
    }
    chain.end();
    return unsealed;
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    return [...unsealed, `${error.message} ${error.why ?? ''}`];
  }
}
