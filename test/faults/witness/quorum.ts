/** Approvals (I4): each by a quorum of distinct members of the right committee, the owner not among them. */
import { sql } from 'kysely';
import type { Db } from '../../../storage/database.ts';

export async function approvedWithoutQuorum(db: Db): Promise<string[]> {
  const { rows } = await sql<{ association: string; approvals: number; quorum: number }>`
    SELECT * FROM (SELECT associations.id AS association, quorum,
      (SELECT count(DISTINCT member_id) FROM votes
        JOIN benchmark_members seat ON seat.account_id = member_id AND seat.benchmark = associations.benchmark
        WHERE association_id = associations.id AND votes.submission = associations.submission
          AND ballot = 'approve' AND member_id <> associations.owner_id) AS approvals
      FROM associations JOIN benchmarks ON benchmarks.name = associations.benchmark
      WHERE state = 'approved' OR EXISTS (SELECT FROM audit_entries
        WHERE subject = 'association/' || associations.id AND action = 'association.decided'
          AND content::jsonb -> 'after' ->> 'state' = 'approved')) AS approved
    WHERE approvals < quorum`.execute(db);
  return rows.map((row) => `${row.association} was approved by ${row.approvals}, and ${row.quorum} were needed`);
}
