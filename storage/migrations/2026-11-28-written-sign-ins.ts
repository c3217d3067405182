import { sql, type Kysely } from 'kysely';

/**
 * Sign-ins at the provider that are on their way, or whose session the page has not fetched yet. Only the hash of what the
 * browser holds is here. One subject of one issuer is one account, whoever comes twice at the same moment.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `CREATE TABLE sign_ins (
    secret_sha256 text COLLATE "C" PRIMARY KEY CHECK (secret_sha256 ~ '^[0-9a-f]{64}$'),
    page text NOT NULL CHECK (page IN ('device', 'operations')),
    expires_at timestamptz NOT NULL,
    account_id text REFERENCES accounts (id) ON DELETE CASCADE
  )`,
  `CREATE INDEX sign_ins_by_end ON sign_ins (expires_at)`,
  `CREATE UNIQUE INDEX credentials_by_subject ON credentials (provider_id, account_id)`,
];
