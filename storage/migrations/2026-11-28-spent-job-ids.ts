import { sql, type Kysely } from 'kysely';

/** Ids of deleted jobs: nothing else is kept of them, and none stands for another job. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`CREATE TABLE spent_job_ids (id text COLLATE "C" PRIMARY KEY)`).execute(db);
}
