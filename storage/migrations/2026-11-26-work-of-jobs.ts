import { sql, type Kysely } from 'kysely';

/** Durable jobs: the batches of their sealed inputs, and the sealed answers as they come. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const SHA256 = (column: string) => `text COLLATE "C" NOT NULL CHECK (${column} ~ '^[0-9a-f]{64}$')`;
const BYTES_32 = (column: string) => `text COLLATE "C" NOT NULL CHECK (${column} ~ '^[A-Za-z0-9_-]{43}$')`;

const STATEMENTS = [
  // The function may be deleted while its jobs are still looked at.
  `CREATE TABLE jobs (
    id text COLLATE "C" PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id),
    function_id text COLLATE "C" NOT NULL,
    function_name text NOT NULL,
    checksum ${SHA256('checksum')},
    nonce ${BYTES_32('nonce')},
    answer_key ${BYTES_32('answer_key')},
    permit text NOT NULL,
    items integer NOT NULL CHECK (items > 0),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'paused', 'done', 'cancelled', 'failed')),
    failure jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CHECK ((state = 'failed') = (failure IS NOT NULL)),
    CHECK ((state IN ('running', 'paused')) = (ended_at IS NULL))
  )`,
  `CREATE INDEX jobs_by_account ON jobs (account_id, created_at)`,
  `CREATE TABLE job_batches (
    job_id text NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position integer NOT NULL CHECK (position >= 0),
    sha256 ${SHA256('sha256')},
    size bigint NOT NULL CHECK (size > 0),
    first_item integer NOT NULL CHECK (first_item >= 0),
    items integer NOT NULL CHECK (items > 0),
    PRIMARY KEY (job_id, position)
  )`,
  `CREATE INDEX job_batches_by_blob ON job_batches (sha256)`,
  `CREATE TABLE job_documents (
    job_id text NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    sha256 ${SHA256('sha256')},
    document bytea NOT NULL,
    PRIMARY KEY (job_id, sha256)
  )`,
  `CREATE TABLE job_answers (
    job_id text NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    item integer NOT NULL CHECK (item >= 0),
    document_sha256 text COLLATE "C",
    answer bytea,
    failure jsonb,
    PRIMARY KEY (job_id, item),
    FOREIGN KEY (job_id, document_sha256) REFERENCES job_documents (job_id, sha256),
    CHECK ((answer IS NULL) <> (failure IS NULL)),
    CHECK ((answer IS NULL) = (document_sha256 IS NULL))
  )`,
];
