import { sql, type Kysely } from 'kysely';

/** Webhooks with the log of what was sent to them, and how far events have been handed over to be sent and mailed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE TABLE event_dispatch (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    last_event bigint NOT NULL
  )`,
  `INSERT INTO event_dispatch (last_event) SELECT coalesce(max(id), 0) FROM events`,
  `CREATE TABLE webhook_key (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    public_key text NOT NULL
  )`,
  `CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    url text NOT NULL,
    events text[] NOT NULL,
    sealed_secret bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    after_event bigint NOT NULL,
    failing_since timestamptz,
    disabled_at timestamptz,
    disabled_because text,
    CHECK ((disabled_at IS NULL) = (disabled_because IS NULL))
  )`,
  `CREATE INDEX webhooks_of_account ON webhooks (account_id)`,
  `CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    webhook_id uuid NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id bigint NOT NULL REFERENCES events (id),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (webhook_id, event_id)
  )`,
  `CREATE TABLE webhook_attempts (
    id bigserial PRIMARY KEY,
    delivery_id uuid NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    key text NOT NULL UNIQUE,
    at timestamptz NOT NULL DEFAULT now(),
    status integer,
    failure text,
    milliseconds integer NOT NULL
  )`,
  `CREATE INDEX attempts_of_delivery ON webhook_attempts (delivery_id)`,
];
