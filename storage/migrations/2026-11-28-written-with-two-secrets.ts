import { sql, type Kysely } from 'kysely';

/** The secret that a webhook had before, for as long as deliveries are signed with both. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE webhooks
    ADD COLUMN old_sealed_secret bytea,
    ADD COLUMN old_secret_until timestamptz,
    ADD CHECK ((old_sealed_secret IS NULL) = (old_secret_until IS NULL))`.execute(db);
}
