/** The audit log: written in the same transaction as the change it tells of, so that there is neither without the other. */
import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import { auditContent, THE_PLATFORM, type AuditRecord, type Author } from '../domain/audit.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Handle } from '../domain/ids.ts';
import type { Trx } from './database.ts';

const authors = new AsyncLocalStorage<Author>();

/** Does `work`, and all that follows from it, in the name of `author`. Elsewhere the platform itself acts. */
export const actingAs = <Result>(author: Author, work: () => Result): Result => authors.run(author, work);

/** Does `work` in the name of an account that shows only now who it is, for instance by its password. */
export const actingAsAccount = <Result>(account: Handle, work: () => Result): Result =>
  authors.run({ ...(authors.getStore() ?? THE_PLATFORM), account }, work);

/**
 * Writes entries, in their order, in the name of whoever acts. The database gives them their number, time and hash as
 * the transaction commits; where it cannot, nothing of the transaction happens.
 */
export async function recordAudit(trx: Trx, ...records: readonly AuditRecord[]): Promise<void> {
  if (records.length === 0) return;
  const author = authors.getStore() ?? THE_PLATFORM;
  const rows = records.map((record) => ({ content: auditContent(author, record) }));
  await trx
    .insertInto('auditEntries')
    .values(rows)
    .execute()
    .catch((error: unknown) => {
      throw auditLogAway(error);
    });
}

export const auditLogAway = (cause: unknown) =>
  new StrongroomError('E_UNAVAILABLE', 'The platform cannot write its audit log.', {
    why: 'Nothing is decided and no access is changed without an entry.',
    next: 'Try again in a moment.',
    cause,
  });

/** Whether a transaction failed as it committed, because its entries could not be sealed. */
export const isAuditLogAway = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.where?.includes('seal_audit_entry') ?? false);
