/** Grants (I2): at most one valid one for each association and certificate, and as many as the audit log tells of. */
import { sql } from 'kysely';
import type { Db } from '../../../storage/database.ts';

export async function doubledGrants(db: Db): Promise<string[]> {
  const doubled = await sql<{ association: string; fingerprint: string; count: number }>`
    SELECT association_id AS association, fingerprint, count(*) FROM grants WHERE state = 'valid'
    GROUP BY association_id, fingerprint HAVING count(*) > 1`.execute(db);
  const unlike = await sql<{ association: string; made: number; told: number; ended: number; toldEnded: number }>`
    SELECT * FROM (SELECT associations.id AS association,
      (SELECT count(*) FROM grants WHERE association_id = associations.id) AS made,
      (SELECT count(*) FROM grants WHERE association_id = associations.id AND state = 'revoked') AS ended,
      (SELECT count(*) FROM audit_entries WHERE subject = 'association/' || associations.id
        AND action = 'grant.created') AS told,
      (SELECT count(*) FROM audit_entries WHERE subject = 'association/' || associations.id
        AND action = 'grant.revoked') AS told_ended
      FROM associations) AS counted WHERE made <> told OR ended <> told_ended`.execute(db);
  return [
    ...doubled.rows.map((row) => `${row.count} valid grants to ${row.fingerprint} in ${row.association}`),
    ...unlike.rows.map(
      ({ association, made, told, ended, toldEnded }) =>
        `${association} has ${made} grants, of which ${ended} revoked; the audit log tells of ${told} and ${toldEnded}`,
    ),
  ];
}
