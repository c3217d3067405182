/** Revocation (I3): once it was acknowledged no wrapped key of that access is kept or handed out any more. */
import { sql } from 'kysely';
import { StrongroomError } from '../../../domain/errors.ts';
import type { Db } from '../../../storage/database.ts';
import type { Acknowledged } from './acknowledged.ts';

/** Somebody who lost access, and tries to fetch the key all the same. */
export interface FormerReader {
  readonly name: string;
  fetchKey(): Promise<unknown>;
}

export async function readableAfterRevocation(
  db: Db,
  acknowledged: readonly Acknowledged[],
  readers: readonly FormerReader[],
): Promise<string[]> {
  const kept = await sql<{ association: string; fingerprint: string }>`
    SELECT association_id AS association, fingerprint FROM grants WHERE state <> 'valid' AND message IS NOT NULL`.execute(
    db,
  );
  return [
    ...kept.rows.map((row) => `the wrapped key for ${row.fingerprint} in ${row.association} is still kept`),
    ...(await stillValid(db, acknowledged)),
    ...(await stillHandedOut(readers)),
  ];
}

async function stillValid(db: Db, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const last = new Map<string, Acknowledged>();
  for (const change of acknowledged) {
    if (change.is === 'granted' || change.is === 'revoked') last.set(`${change.association} ${change.email}`, change);
    if (change.is === 'deleted') last.set(change.association, change);
  }
  const found: string[] = [];
  for (const change of last.values()) {
    if (change.is !== 'revoked' && change.is !== 'deleted') continue;
    const email = change.is === 'revoked' ? change.email : null;
    const { rows } = await sql`SELECT FROM grants JOIN certificates USING (fingerprint)
      WHERE association_id = ${change.association} AND grants.state = 'valid'
        AND (${email}::text IS NULL OR email = ${email})`.execute(db);
    if (rows.length > 0) found.push(`${rows.length} grants are valid after ${JSON.stringify(change)}`);
  }
  return found;
}

async function stillHandedOut(readers: readonly FormerReader[]): Promise<string[]> {
  const found: string[] = [];
  for (const reader of readers) {
    try {
      await reader.fetchKey();
      found.push(`${reader.name} lost access and was handed the key`);
    } catch (error) {
      // Only a refusal counts: a platform that is away has refused nothing.
      if (!(error instanceof StrongroomError) || error.kind.retryable) throw error;
    }
  }
  return found;
}
