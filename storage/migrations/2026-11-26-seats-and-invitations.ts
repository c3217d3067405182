import { sql, type Kysely } from 'kysely';

/**
 * Committees whose members come and go, and the containers that they ask for. By name, not by row: whether somebody has
 * a container of that name is for its owner to say.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE TABLE invitations (
    benchmark text COLLATE "C" NOT NULL REFERENCES benchmarks (name),
    owner_id text NOT NULL REFERENCES accounts (id),
    container text COLLATE "C" NOT NULL CHECK (container ~ '^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$'),
    invited_by text NOT NULL REFERENCES accounts (id),
    reason text NOT NULL,
    invited_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (benchmark, owner_id, container)
  )`,
  `CREATE INDEX invitations_of_owner ON invitations (owner_id)`,
  // Of the request that followed, whatever becomes of the invitation.
  `ALTER TABLE associations ADD COLUMN invited_by text REFERENCES accounts (id)`,
  // Set with the decision, of those who were members then. Before this nobody could leave.
  `ALTER TABLE votes ADD COLUMN counted boolean NOT NULL DEFAULT true`,
  `ALTER TABLE votes ALTER COLUMN counted SET DEFAULT false`,
];
