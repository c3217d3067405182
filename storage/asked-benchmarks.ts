/** Lists of what people registered, narrowed to what one benchmark was asked to accept. */
import { sql, type RawBuilder } from 'kysely';
import type { BenchmarkName } from '../domain/ids.ts';

const SUBJECT = { containers: 'associations.containerId', datasets: 'associations.datasetId' } as const;

/** For a query of that table. Everything, where no benchmark is named. */
export const wasAskedFor = (benchmark: BenchmarkName | undefined, table: keyof typeof SUBJECT): RawBuilder<boolean> =>
  benchmark === undefined
    ? sql<boolean>`true`
    : sql<boolean>`EXISTS (SELECT FROM associations
        WHERE ${sql.ref(SUBJECT[table])} = ${sql.ref(`${table}.id`)} AND associations.benchmark = ${benchmark})`;
