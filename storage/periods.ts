/** Lists narrowed to what happened in a time. */
import { sql, type RawBuilder } from 'kysely';

export interface Period {
  readonly from?: Date | undefined;
  /** What happened at this moment itself is not among them. */
  readonly until?: Date | undefined;
}

export function inPeriod(column: string, { from, until }: Period): RawBuilder<boolean> {
  const moment = sql.ref(column);
  const bounds = [...(from ? [sql`${moment} >= ${from}`] : []), ...(until ? [sql`${moment} < ${until}`] : [])];
  return sql<boolean>`(${sql.join([sql`true`, ...bounds], sql` AND `)})`;
}
