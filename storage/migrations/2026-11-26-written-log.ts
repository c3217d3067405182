import { sql, type Kysely } from 'kysely';

/** The transparency log: its entries in their order, and the subtrees that they complete. Neither is ever changed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE TABLE log_entries (
    index bigint PRIMARY KEY CHECK (index >= 0),
    leaf bytea NOT NULL,
    leaf_hash bytea NOT NULL UNIQUE CHECK (length(leaf_hash) = 32),
    account_id text NOT NULL REFERENCES accounts (id),
    public boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE TABLE log_nodes (
    level integer NOT NULL CHECK (level >= 0),
    index bigint NOT NULL CHECK (index >= 0),
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, index)
  )`,
  `CREATE FUNCTION refuse_change_of_log() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'What is in the transparency log is never changed.'; END $$`,
  ...['log_entries', 'log_nodes'].map(
    (table) => `CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION refuse_change_of_log()`,
  ),
];
