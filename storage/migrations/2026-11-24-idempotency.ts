import { sql, type Kysely } from 'kysely';

/** What was answered to a request that may come again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE TABLE idempotency_keys (
        account_id text NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        key text COLLATE "C" NOT NULL,
        request bytea NOT NULL,
        begun_at timestamptz NOT NULL DEFAULT now(),
        answer bytea,
        PRIMARY KEY (account_id, key)
      )`,
    )
    .execute(db);
}
