/** Approvals (I4): each by a quorum of distinct members of its committee at that time, the owner not among them, or by a policy. */
import { sql } from 'kysely';
import type { Db } from '../../../storage/database.ts';

export async function approvedWithoutQuorum(db: Db): Promise<string[]> {
  const { rows } = await sql<{ association: string; approvals: number; quorum: number }>`
    SELECT * FROM (SELECT associations.id AS association, quorum,
      (SELECT count(DISTINCT member_id) FROM votes
        WHERE association_id = associations.id AND votes.submission = associations.submission
          AND counted AND ballot = 'approve' AND member_id <> associations.owner_id) AS approvals
      FROM associations JOIN benchmarks ON benchmarks.name = associations.benchmark
      WHERE NOT approved_by_policy AND (state = 'approved' OR EXISTS (SELECT FROM audit_entries
        WHERE subject = 'association/' || associations.id AND action = 'association.decided'
          AND content::jsonb -> 'after' ->> 'state' = 'approved'))) AS approved
    WHERE approvals < quorum`.execute(db);
  return rows.map((row) => `${row.association} was approved by ${row.approvals}, and ${row.quorum} were needed`);
}
