import { sql, type Kysely } from 'kysely';

/** The how-manieth key inputs for an account are sealed to; who has no row is at the first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE TABLE sealing_keys (
        account_id text PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
        generation integer NOT NULL CHECK (generation BETWEEN 2 AND 65535)
      )`,
    )
    .execute(db);
}
