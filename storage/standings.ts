/** What an account is to a thing: its owner, or somebody in the same benchmark. The table in `domain/permissions.ts` judges by it. */
import { sql, type RawBuilder } from 'kysely';
import { isFunctionId } from '../domain/ids.ts';
import type { Standing, Subject } from '../domain/permissions.ts';
import type { Db } from './database.ts';
import type { AccountId } from './tables.ts';

/** The names and ids in a request, as they stand in its path and query. */
export type SubjectKey = Readonly<Record<string, string>>;

/**
 * For each subject a row for every benchmark that it is in, or one without: whose it is, the benchmark, and whether it
 * is approved there, so that data owners and container owners have to do with it.
 */
const PLACES: Readonly<Record<Subject, (key: SubjectKey, caller: AccountId) => RawBuilder<unknown>>> = {
  association: ({ id }) => sql`SELECT owner_id, benchmark, state = 'approved' AS approved
    FROM associations WHERE id = ${id}`,
  benchmark: ({ name }) =>
    sql`SELECT owner_id, name AS benchmark, true AS approved FROM benchmarks WHERE name = ${name}`,
  container: ({ owner, name }) => sql`SELECT c.owner_id, a.benchmark, a.state = 'approved' AS approved
    FROM containers c JOIN accounts o ON o.id = c.owner_id LEFT JOIN associations a ON a.container_id = c.id
    WHERE o.handle = ${owner} AND c.name = ${name}`,
  dataset: ({ owner, name }) => sql`SELECT d.owner_id, a.benchmark, a.state = 'approved' AS approved
    FROM datasets d JOIN accounts o ON o.id = d.owner_id LEFT JOIN associations a ON a.dataset_id = d.id
    WHERE o.handle = ${owner} AND d.name = ${name}`,
  certificate: ({ fingerprint }) => sql`SELECT c.account_id AS owner_id, a.benchmark, true AS approved
    FROM certificates c LEFT JOIN associations a
      ON a.owner_id = c.account_id AND a.kind = 'dataset' AND a.state = 'approved'
    WHERE c.fingerprint = ${fingerprint}`,
  // It belongs to whom it was wrapped to.
  'wrapped key': (
    { owner, name, benchmark },
    caller,
  ) => sql`SELECT h.account_id AS owner_id, a.benchmark, true AS approved
    FROM associations a JOIN containers c ON c.id = a.container_id JOIN accounts o ON o.id = c.owner_id
      LEFT JOIN (grants g JOIN certificates h ON h.fingerprint = g.fingerprint AND h.account_id = ${caller})
        ON g.association_id = a.id
    WHERE o.handle = ${owner} AND c.name = ${name} AND a.benchmark = ${benchmark}
      AND a.state IN ('approved', 'closed') AND a.decided_at IS NOT NULL`,
  'access token': ({ id }) => sql`SELECT reference_id AS owner_id, NULL::text AS benchmark, false AS approved
    FROM access_tokens WHERE id = ${id}`,
  workflow: ({ kind, id = '' }, caller) => {
    if (kind === 'review' && UUID.test(id)) return PLACES.association({ id }, caller);
    return kind === 'function' && isFunctionId(id)
      ? sql`SELECT owner_id, NULL::text AS benchmark, false AS approved FROM functions WHERE id = ${id}`
      : sql`SELECT NULL::text AS owner_id, NULL::text AS benchmark, false AS approved WHERE false`;
  },
  webhook: ({ id }) => sql`SELECT account_id AS owner_id, NULL::text AS benchmark, false AS approved
    FROM webhooks WHERE id = ${id}`,
  upload: ({ id }) => sql`SELECT account_id AS owner_id, NULL::text AS benchmark, false AS approved
    FROM uploads WHERE id = ${id}`,
  job: ({ id }) => sql`SELECT account_id AS owner_id, NULL::text AS benchmark, false AS approved
    FROM jobs WHERE id = ${id}`,
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

type Known = Exclude<Standing, 'other'>;

/** All that the caller is to the subject; nothing where there is no such subject. One query. */
export async function findStandings(
  db: Db,
  caller: AccountId,
  subject: Subject,
  key: SubjectKey,
): Promise<readonly Standing[]> {
  const approvedIn = (kind: 'container' | 'dataset') => sql`EXISTS (SELECT FROM associations mine
    WHERE mine.owner_id = ${caller} AND mine.kind = ${kind} AND mine.state = 'approved'
      AND mine.benchmark = place.benchmark)`;
  const { rows } = await sql<Record<Known, boolean> & { there: boolean }>`SELECT
      count(*) > 0 AS there,
      coalesce(bool_or(owner_id = ${caller}), false) AS own,
      coalesce(bool_or(EXISTS (SELECT FROM benchmark_members seat
        WHERE seat.account_id = ${caller} AND seat.benchmark = place.benchmark)), false) AS committee,
      coalesce(bool_or(approved AND ${approvedIn('container')}), false) AS container_owner,
      coalesce(bool_or(approved AND ${approvedIn('dataset')}), false) AS data_owner
    FROM (${PLACES[subject](key, caller)}) AS place`.execute(db);
  const [found] = rows;
  if (!found?.there) return [];
  const known = (['own', 'committee', 'containerOwner', 'dataOwner'] as const).filter((standing) => found[standing]);
  return known.length > 0 ? known : ['other'];
}
