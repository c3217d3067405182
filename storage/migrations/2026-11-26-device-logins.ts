import { sql, type Kysely } from 'kysely';

/** Log-ins of devices that wait for a person to approve them. Only the hash of a device's code is here. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE TABLE device_logins (
        device_sha256 text COLLATE "C" PRIMARY KEY CHECK (device_sha256 ~ '^[0-9a-f]{64}$'),
        user_code text COLLATE "C" NOT NULL UNIQUE CHECK (user_code ~ '^[BCDFGHJKLMNPQRSTVWXZ]{8}$'),
        network_address text NOT NULL,
        program text NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL CHECK (expires_at > requested_at),
        poll_seconds integer NOT NULL CHECK (poll_seconds > 0),
        asked_at timestamptz,
        state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused')),
        account_id text REFERENCES accounts (id) ON DELETE CASCADE,
        CHECK ((state = 'waiting') = (account_id IS NULL))
      )`,
    )
    .execute(db);
  await sql.raw(`CREATE INDEX device_logins_by_end ON device_logins (expires_at)`).execute(db);
}
