import { sql, type Kysely } from 'kysely';

/**
 * The audit log. A transaction writes drafts wherever it likes; the database seals them while it commits: then all its
 * other locks are taken, so the one lock of the chain can never be part of a deadlock, and is held for a moment only.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const fact = (name: string) => `text GENERATED ALWAYS AS (content::jsonb ->> '${name}') STORED`;

const STATEMENTS = [
  `CREATE TABLE audit_entries (
    id bigserial PRIMARY KEY,
    content text NOT NULL,
    account ${fact('account')},
    action ${fact('action')},
    subject ${fact('subject')},
    sequence bigint UNIQUE,
    at timestamptz,
    hash text COLLATE "C",
    CHECK ((sequence IS NULL) = (hash IS NULL) AND (sequence IS NULL) = (at IS NULL))
  )`,
  `CREATE INDEX audit_entries_on_subject ON audit_entries (subject, sequence)`,
  `CREATE INDEX audit_entries_of_account ON audit_entries (account, sequence)`,
  `CREATE FUNCTION seal_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    previous record;
    next_sequence bigint := 1;
    previous_hash text := repeat('0', 64);
    moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  BEGIN
    PERFORM pg_advisory_xact_lock(7346003);
    SELECT sequence, at, hash INTO previous FROM audit_entries
      WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1;
    IF FOUND THEN
      next_sequence := previous.sequence + 1;
      previous_hash := previous.hash;
      moment := greatest(moment, previous.at);
    END IF;
    UPDATE audit_entries SET
      sequence = next_sequence,
      at = moment,
      hash = encode(sha256(convert_to(concat_ws(E'\\n',
        'strongroom audit entry v1',
        next_sequence,
        to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        previous_hash,
        NEW.content), 'UTF8')), 'hex')
      WHERE id = NEW.id;
    RETURN NULL;
  END $$`,
  `CREATE CONSTRAINT TRIGGER seal_at_commit AFTER INSERT ON audit_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seal_audit_entry()`,
  `CREATE FUNCTION keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'Entries of the audit log are never changed or removed';
  END $$`,
  `CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON audit_entries
    FOR EACH ROW WHEN (OLD.sequence IS NOT NULL) EXECUTE FUNCTION keep_audit_entry()`,
  `CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entries EXECUTE FUNCTION keep_audit_entry()`,
];
