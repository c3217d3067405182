import { sql, type Kysely } from 'kysely';

/** Which process works on a request with a key, and which processes there are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE TABLE api_processes (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        seen_at timestamptz NOT NULL DEFAULT now()
      );
      ALTER TABLE idempotency_keys
        ADD COLUMN attempt uuid NOT NULL DEFAULT gen_random_uuid(),
        ADD COLUMN process_id integer NOT NULL DEFAULT 0`,
    )
    .execute(db);
}
