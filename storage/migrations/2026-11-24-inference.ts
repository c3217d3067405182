import { sql, type Kysely } from 'kysely';

/** Deployed functions, the tickets with which sessions begin, and the key that signs invocation tokens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const SHA256 = (column: string) => `text COLLATE "C" NOT NULL CHECK (${column} ~ '^[0-9a-f]{64}$')`;

const STATEMENTS = [
  `CREATE TABLE functions (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9A-Za-z]{22}$'),
    owner_id text NOT NULL REFERENCES accounts (id),
    name text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$'),
    version integer NOT NULL CHECK (version > 0),
    checksum ${SHA256('checksum')},
    bundle_sha256 ${SHA256('bundle_sha256')},
    bundle_size bigint NOT NULL CHECK (bundle_size > 0),
    public boolean NOT NULL,
    memory_mb integer NOT NULL,
    seconds integer NOT NULL,
    threads integer NOT NULL,
    input_type text NOT NULL,
    max_input_bytes bigint NOT NULL,
    output_type text NOT NULL,
    state text NOT NULL DEFAULT 'deploying' CHECK (state IN ('deploying', 'ready', 'failed')),
    failure jsonb,
    deployed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'failed') = (failure IS NOT NULL)),
    UNIQUE (owner_id, name, version),
    UNIQUE (owner_id, name, checksum)
  )`,
  // One row a name for ever, so that a version that was deleted is never given to something else.
  `CREATE TABLE function_versions (
    owner_id text NOT NULL REFERENCES accounts (id),
    name text COLLATE "C" NOT NULL,
    latest integer NOT NULL CHECK (latest > 0),
    PRIMARY KEY (owner_id, name)
  )`,
  `CREATE TABLE session_tickets (
    ticket_sha256 ${SHA256('ticket_sha256')} PRIMARY KEY,
    function_id text NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
    account_id text NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token_id text NOT NULL,
    expires_at timestamptz NOT NULL
  )`,
  `CREATE INDEX session_tickets_by_end ON session_tickets (expires_at)`,
  `CREATE TABLE token_issuer (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    public_key text NOT NULL CHECK (public_key ~ '^[0-9a-f]{64}$')
  )`,
];
