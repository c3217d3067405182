/** What a column takes and what it gives. */
import type { ColumnType } from 'kysely';

export type Moment = ColumnType<Date, Date | string, Date | string>;
export type MaybeMoment = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
export type SetMoment = ColumnType<Date, Date | string | undefined, Date | string>;
export type Json<Value> = ColumnType<Value, string, string>;
