import { sql, type Kysely } from 'kysely';

/** An upload may begin while its file is still written: its digest is known when it is whole. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('ALTER TABLE uploads ALTER COLUMN sha256 DROP NOT NULL').execute(db);
}
