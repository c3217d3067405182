import { sql, type Kysely } from 'kysely';

/** The platform's own tables. Frozen: what changes later is another migration. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const NAME = `text COLLATE "C" NOT NULL CHECK (name ~ '^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$')`;
const SHA256 = (column: string) => `text COLLATE "C" NOT NULL CHECK (${column} ~ '^[0-9a-f]{64}$')`;

const ACCOUNTS = [
  `ALTER TABLE accounts ADD CHECK (email = lower(email))`,
  // A handle stays taken by whoever asked for it, so that signing up again does not tell whether an address was free.
  `CREATE TABLE handles (
    handle text COLLATE "C" PRIMARY KEY CHECK (handle ~ '^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$'),
    claimed_at timestamptz NOT NULL DEFAULT now()
  )`,
  `ALTER TABLE accounts ADD FOREIGN KEY (handle) REFERENCES handles (handle)`,
  `CREATE INDEX access_tokens_of_account ON access_tokens (reference_id)`,
];

const CERTIFICATES = [
  `CREATE TABLE authority (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9A-F]{40}$'),
    certificate text NOT NULL
  )`,
  `CREATE TABLE certificate_challenges (
    challenge text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
  )`,
  `CREATE TABLE certificates (
    fingerprint text PRIMARY KEY CHECK (fingerprint ~ '^[0-9A-F]{40}$'),
    account_id text NOT NULL REFERENCES accounts (id),
    email text NOT NULL CHECK (email = lower(email)),
    certificate text NOT NULL,
    state text NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'expired', 'revoked')),
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL CHECK (expires_at > issued_at),
    revoked_at timestamptz,
    reason text,
    CHECK ((state = 'revoked') = (revoked_at IS NOT NULL AND reason IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX one_valid_certificate_per_account ON certificates (account_id) WHERE state = 'valid'`,
];

const FILES = [
  `CREATE TABLE blobs (
    sha256 ${SHA256('sha256')} PRIMARY KEY,
    size bigint NOT NULL CHECK (size > 0),
    uploaded_by text NOT NULL REFERENCES accounts (id),
    uploaded_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE INDEX blobs_of_account ON blobs (uploaded_by) INCLUDE (size)`,
  `CREATE TABLE uploads (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id),
    sha256 ${SHA256('sha256')},
    size bigint NOT NULL CHECK (size > 0),
    created_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE INDEX uploads_of_account ON uploads (account_id)`,
];

const REGISTRATIONS = [
  `CREATE TABLE benchmarks (
    name ${NAME} PRIMARY KEY,
    owner_id text NOT NULL REFERENCES accounts (id),
    description text NOT NULL,
    test_dataset text COLLATE "C" NOT NULL REFERENCES blobs (sha256),
    metrics_archive text COLLATE "C" NOT NULL REFERENCES blobs (sha256),
    metrics_config text NOT NULL,
    metrics_image_digest text NOT NULL CHECK (metrics_image_digest ~ '^sha256:[0-9a-f]{64}$'),
    quorum integer NOT NULL CHECK (quorum >= 1),
    approval_days double precision NOT NULL CHECK (approval_days > 0),
    reminder_hours double precision NOT NULL CHECK (reminder_hours > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
  )`,
  `CREATE TABLE benchmark_members (
    benchmark text COLLATE "C" NOT NULL REFERENCES benchmarks (name),
    account_id text NOT NULL REFERENCES accounts (id),
    position integer NOT NULL,
    PRIMARY KEY (benchmark, account_id),
    UNIQUE (benchmark, position)
  )`,
  `CREATE INDEX committees_of_account ON benchmark_members (account_id)`,
  `CREATE FUNCTION check_quorum_can_be_reached() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    checked text := CASE TG_TABLE_NAME WHEN 'benchmarks' THEN to_jsonb(NEW) ->> 'name' ELSE to_jsonb(OLD) ->> 'benchmark' END;
  BEGIN
    IF (SELECT quorum FROM benchmarks WHERE name = checked)
      > (SELECT count(*) FROM benchmark_members WHERE benchmark = checked)
    THEN
      RAISE check_violation USING MESSAGE = 'The quorum of ' || checked || ' is larger than its committee';
    END IF;
    RETURN NULL;
  END $$`,
  // Deferred, as a benchmark is there a moment before its members are.
  `CREATE CONSTRAINT TRIGGER quorum_can_be_reached AFTER INSERT OR UPDATE ON benchmarks
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_quorum_can_be_reached()`,
  `CREATE CONSTRAINT TRIGGER quorum_stays_reachable AFTER DELETE OR UPDATE ON benchmark_members
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_quorum_can_be_reached()`,
  `CREATE TABLE containers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id text NOT NULL REFERENCES accounts (id),
    name ${NAME},
    config text NOT NULL,
    archive_url text NOT NULL,
    archive_sha256 ${SHA256('archive_sha256')},
    archive_size bigint NOT NULL CHECK (archive_size > 0),
    image_digest text NOT NULL CHECK (image_digest ~ '^sha256:[0-9a-f]{64}$'),
    plaintext_size bigint NOT NULL CHECK (plaintext_size > 0),
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, name)
  )`,
  `CREATE TABLE datasets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id text NOT NULL REFERENCES accounts (id),
    name ${NAME},
    sha256 ${SHA256('sha256')},
    size bigint NOT NULL CHECK (size > 0),
    files bigint NOT NULL CHECK (files > 0),
    description text NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, name)
  )`,
];

const ASSOCIATIONS = [
  `CREATE TABLE associations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL CHECK (kind IN ('container', 'dataset')),
    container_id uuid REFERENCES containers (id),
    dataset_id uuid REFERENCES datasets (id),
    benchmark text COLLATE "C" NOT NULL REFERENCES benchmarks (name),
    owner_id text NOT NULL REFERENCES accounts (id),
    state text NOT NULL DEFAULT 'requested'
      CHECK (state IN ('requested', 'approved', 'rejected', 'expired', 'closed')),
    reason text,
    requested_at timestamptz NOT NULL DEFAULT now(),
    deadline timestamptz NOT NULL CHECK (deadline > requested_at),
    review_started_at timestamptz,
    decided_at timestamptz,
    closed_at timestamptz,
    test_result jsonb,
    test_dataset_sha256 text,
    UNIQUE (id, benchmark),
    UNIQUE (id, kind),
    CHECK ((kind = 'container') = (container_id IS NOT NULL)),
    CHECK ((kind = 'dataset') = (dataset_id IS NOT NULL)),
    CHECK ((kind = 'container') = (test_result IS NOT NULL AND test_dataset_sha256 IS NOT NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK (CASE state WHEN 'requested' THEN decided_at IS NULL WHEN 'closed' THEN true ELSE decided_at IS NOT NULL END),
    CHECK (state = 'requested' OR reason IS NOT NULL)
  )`,
  `CREATE UNIQUE INDEX one_open_association_per_container ON associations (container_id, benchmark)
    WHERE state IN ('requested', 'approved')`,
  `CREATE UNIQUE INDEX one_open_association_per_dataset ON associations (dataset_id, benchmark)
    WHERE state IN ('requested', 'approved')`,
  `CREATE INDEX associations_of_benchmark ON associations (benchmark, kind, state)`,
  `CREATE INDEX associations_of_owner ON associations (owner_id, benchmark)`,
  // Names a member of this very benchmark, or the vote cannot be written.
  `CREATE TABLE votes (
    association_id uuid NOT NULL,
    benchmark text COLLATE "C" NOT NULL,
    member_id text NOT NULL,
    ballot text NOT NULL CHECK (ballot IN ('approve', 'reject')),
    reason text NOT NULL,
    cast_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (association_id, member_id),
    FOREIGN KEY (association_id, benchmark) REFERENCES associations (id, benchmark),
    FOREIGN KEY (benchmark, member_id) REFERENCES benchmark_members (benchmark, account_id)
  )`,
];

const GRANTS = [
  `CREATE TABLE grants (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    association_id uuid NOT NULL,
    kind text NOT NULL DEFAULT 'container' CHECK (kind = 'container'),
    fingerprint text NOT NULL REFERENCES certificates (fingerprint),
    signer text NOT NULL REFERENCES certificates (fingerprint),
    message text,
    origin text NOT NULL CHECK (origin IN ('manual', 'auto')),
    state text NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'revoked', 'expired')),
    granted_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_fetched_at timestamptz,
    revoked_at timestamptz,
    reason text,
    FOREIGN KEY (association_id, kind) REFERENCES associations (id, kind),
    CHECK ((state = 'valid') = (message IS NOT NULL)),
    CHECK ((state = 'revoked') = (revoked_at IS NOT NULL AND reason IS NOT NULL))
  )`,
  `CREATE UNIQUE INDEX one_valid_grant_per_certificate ON grants (association_id, fingerprint) WHERE state = 'valid'`,
  `CREATE INDEX grants_of_certificate ON grants (fingerprint)`,
  // An address that lost access here: auto-grant passes it over until someone grants by hand.
  `CREATE TABLE revoked_addresses (
    association_id uuid NOT NULL REFERENCES associations (id),
    email text NOT NULL CHECK (email = lower(email)),
    revoked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (association_id, email)
  )`,
  `CREATE TABLE results (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    association_id uuid NOT NULL REFERENCES associations (id),
    dataset_id uuid NOT NULL REFERENCES datasets (id),
    metrics jsonb NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT now()
  )`,
  `CREATE UNIQUE INDEX a_result_counts_once ON results (association_id, dataset_id, md5(metrics::text))`,
];

const EVENTS = [
  `CREATE TABLE events (
    id bigserial PRIMARY KEY,
    audience text NOT NULL REFERENCES accounts (id),
    type text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    association uuid,
    container text,
    dataset text,
    benchmark text,
    account text,
    fingerprint text
  )`,
  `CREATE INDEX events_of_audience ON events (audience, id)`,
];

const STATEMENTS = [...ACCOUNTS, ...CERTIFICATES, ...FILES, ...REGISTRATIONS, ...ASSOCIATIONS, ...GRANTS, ...EVENTS];
