import { sql, type Kysely } from 'kysely';

/** Blobs say when they were last wanted, so that what nothing rests on any more can go. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `ALTER TABLE blobs RENAME COLUMN uploaded_at TO wanted_at`,
  `CREATE INDEX blobs_by_wanted_at ON blobs (wanted_at)`,
  `CREATE INDEX containers_of_archive ON containers (archive_sha256)`,
];
