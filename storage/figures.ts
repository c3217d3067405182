/** Counts for operators. */
import { sql } from 'kysely';
import type { Db } from './database.ts';

/** How long an undecided request has waited, at most. */
export const AGES = ['day', 'week', 'month', 'longer'] as const;
export type Age = (typeof AGES)[number];

/** Undecided requests by how long they have waited. */
export async function countOpenApprovals(db: Db): Promise<Map<Age, number>> {
  const rows = await db
    .selectFrom('associations')
    .select(
      sql<Age>`CASE WHEN requested_at > now() - interval '1 day' THEN 'day'
        WHEN requested_at > now() - interval '7 days' THEN 'week'
        WHEN requested_at > now() - interval '30 days' THEN 'month' ELSE 'longer' END`.as('age'),
    )
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('state', '=', 'requested')
    .groupBy('age')
    .execute();
  return new Map(rows.map(({ age, count }) => [age, Number(count)]));
}

export async function countGrants(db: Db): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('grants')
    .select('state')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .groupBy('state')
    .execute();
  return new Map(rows.map(({ state, count }) => [state, Number(count)]));
}
