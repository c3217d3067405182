import { sql, type Kysely } from 'kysely';

/**
 * Reviews in rounds: a member may ask for changes, the owner submits again, votes belong to a submission and may change.
 * What was submitted is fixed until it is submitted again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const CONTENT_OF_CONTAINER = `(SELECT jsonb_build_object('archiveSha256', archive_sha256, 'imageDigest', image_digest,
  'configSha256', encode(sha256(convert_to(config, 'UTF8')), 'hex')) FROM containers WHERE id = container_id)`;
const CONTENT_OF_DATASET = `(SELECT jsonb_build_object('datasetSha256', sha256) FROM datasets WHERE id = dataset_id)`;

const ASSOCIATIONS = [
  `DO $$
  DECLARE unnamed text;
  BEGIN
    FOR unnamed IN SELECT conname FROM pg_constraint
      WHERE conrelid = 'associations'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%state%'
    LOOP
      EXECUTE format('ALTER TABLE associations DROP CONSTRAINT %I', unnamed);
    END LOOP;
  END $$`,
  `ALTER TABLE associations
    ADD COLUMN submission integer NOT NULL DEFAULT 1 CHECK (submission >= 1),
    ADD COLUMN revision bigint NOT NULL DEFAULT 1,
    ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN content jsonb,
    ADD CONSTRAINT known_state
      CHECK (state IN ('requested', 'changes-requested', 'approved', 'rejected', 'expired', 'closed')),
    ADD CONSTRAINT closed_at_a_time CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    ADD CONSTRAINT decided_at_a_time CHECK (CASE WHEN state IN ('requested', 'changes-requested') THEN decided_at IS NULL
      WHEN state = 'closed' THEN true ELSE decided_at IS NOT NULL END),
    ADD CONSTRAINT decided_for_a_reason CHECK (state = 'requested' OR reason IS NOT NULL)`,
  `UPDATE associations SET content = CASE kind WHEN 'container' THEN ${CONTENT_OF_CONTAINER} ELSE ${CONTENT_OF_DATASET} END,
    state_since = coalesce(closed_at, decided_at, requested_at)`,
  `ALTER TABLE associations ALTER COLUMN content SET NOT NULL`,
  `DROP INDEX one_open_association_per_container`,
  `DROP INDEX one_open_association_per_dataset`,
  `CREATE UNIQUE INDEX one_open_association_per_container ON associations (container_id, benchmark)
    WHERE state IN ('requested', 'changes-requested', 'approved')`,
  `CREATE UNIQUE INDEX one_open_association_per_dataset ON associations (dataset_id, benchmark)
    WHERE state IN ('requested', 'changes-requested', 'approved')`,
  // Whoever approved something approved this and nothing else.
  `CREATE FUNCTION keep_what_was_submitted() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.submission = OLD.submission + 1 AND OLD.state = 'changes-requested' AND NEW.state = 'requested' THEN
      RETURN NEW;
    END IF;
    RAISE check_violation USING MESSAGE = 'What was submitted to a committee changes with a new submission only';
  END $$`,
  `CREATE TRIGGER submissions_are_fixed BEFORE UPDATE ON associations FOR EACH ROW
    WHEN ((OLD.submission, OLD.content, OLD.test_result, OLD.test_dataset_sha256, OLD.container_id, OLD.dataset_id)
      IS DISTINCT FROM
      (NEW.submission, NEW.content, NEW.test_result, NEW.test_dataset_sha256, NEW.container_id, NEW.dataset_id))
    EXECUTE FUNCTION keep_what_was_submitted()`,
];

const VOTES = [
  `ALTER TABLE votes
    ADD COLUMN submission integer NOT NULL DEFAULT 1,
    DROP CONSTRAINT votes_pkey,
    DROP CONSTRAINT votes_benchmark_member_id_fkey,
    DROP CONSTRAINT votes_ballot_check,
    ADD PRIMARY KEY (association_id, submission, member_id),
    ADD FOREIGN KEY (member_id) REFERENCES accounts (id),
    ADD CONSTRAINT known_ballot CHECK (ballot IN ('approve', 'reject', 'request-changes')),
    ADD CONSTRAINT against_for_a_reason CHECK (ballot = 'approve' OR trim(reason) <> '')`,
  // A vote stays when its member leaves, but nobody else's is ever written.
  `CREATE FUNCTION check_voter_may_vote() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM associations WHERE id = NEW.association_id AND owner_id = NEW.member_id) THEN
      RAISE check_violation USING MESSAGE = 'Nobody votes on their own';
    END IF;
    IF NOT EXISTS (SELECT FROM benchmark_members WHERE benchmark = NEW.benchmark AND account_id = NEW.member_id) THEN
      RAISE foreign_key_violation USING MESSAGE = 'Only members vote';
    END IF;
    RETURN NEW;
  END $$`,
  `CREATE TRIGGER voter_may_vote BEFORE INSERT OR UPDATE ON votes FOR EACH ROW EXECUTE FUNCTION check_voter_may_vote()`,
];

const SENT_MAILS = [
  `CREATE TABLE sent_mails (
    key text PRIMARY KEY CHECK (key ~ '^[0-9a-f]{64}$'),
    sent_at timestamptz NOT NULL DEFAULT now()
  )`,
];

const STATEMENTS = [...ASSOCIATIONS, ...VOTES, ...SENT_MAILS];
