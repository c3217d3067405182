import { sql, type Kysely } from 'kysely';

/** What benchmarks approve by themselves. Without a row votes decide. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE TABLE approval_policies (
    benchmark text COLLATE "C" NOT NULL REFERENCES benchmarks (name),
    kind text NOT NULL CHECK (kind IN ('container', 'dataset')),
    approves text NOT NULL CHECK (approves IN ('never', 'always', 'listed')),
    addresses text[] NOT NULL CHECK ((approves = 'listed') = (cardinality(addresses) > 0)),
    set_by text NOT NULL REFERENCES accounts (id),
    set_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (benchmark, kind)
  )`,
  `ALTER TABLE associations
    ADD COLUMN approved_by_policy boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT policies_only_approve CHECK (NOT approved_by_policy OR state IN ('approved', 'closed'))`,
];
