/** Brings a database to the schema that this version of the code expects. */
import { getMigrations } from 'better-auth/db/migration';
import { Migrator, sql } from 'kysely';
import { accountTables } from './account-tables.ts';
import type { Db } from './database.ts';
import * as platform from './migrations/2026-11-23-platform.ts';
import * as audit from './migrations/2026-11-24-audit.ts';
import * as idempotency from './migrations/2026-11-24-idempotency.ts';
import * as functions from './migrations/2026-11-24-inference.ts';
import * as reviews from './migrations/2026-11-24-reviews.ts';
import * as deviceLogins from './migrations/2026-11-26-device-logins.ts';
import * as approvalPolicies from './migrations/2026-11-26-policies.ts';
import * as seatsAndInvitations from './migrations/2026-11-26-seats-and-invitations.ts';
import * as uploadsAhead from './migrations/2026-11-26-uploads-ahead.ts';
import * as jobs from './migrations/2026-11-26-work-of-jobs.ts';
import * as transparencyLog from './migrations/2026-11-26-written-log.ts';
import * as webhooks from './migrations/2026-11-26-written-to-webhooks.ts';
import * as unusedBlobs from './migrations/2026-11-28-unused-blobs.ts';
import * as sealingKeys from './migrations/2026-11-28-sealing-keys.ts';
import * as spentJobIds from './migrations/2026-11-28-spent-job-ids.ts';
import * as workingProcesses from './migrations/2026-11-28-working-processes.ts';
import * as signIns from './migrations/2026-11-28-written-sign-ins.ts';
import * as webhookSecrets from './migrations/2026-11-28-written-with-two-secrets.ts';

/** In order of their names; a migration that was published is never changed. */
const MIGRATIONS = {
  '2026-11-23-platform': platform,
  '2026-11-24-audit': audit,
  '2026-11-24-idempotency': idempotency,
  '2026-11-24-inference': functions,
  '2026-11-24-reviews': reviews,
  '2026-11-26-device-logins': deviceLogins,
  '2026-11-26-policies': approvalPolicies,
  '2026-11-26-seats-and-invitations': seatsAndInvitations,
  '2026-11-26-uploads-ahead': uploadsAhead,
  '2026-11-26-work-of-jobs': jobs,
  '2026-11-26-written-log': transparencyLog,
  '2026-11-26-written-to-webhooks': webhooks,
  '2026-11-28-unused-blobs': unusedBlobs,
  '2026-11-28-sealing-keys': sealingKeys,
  '2026-11-28-spent-job-ids': spentJobIds,
  '2026-11-28-working-processes': workingProcesses,
  '2026-11-28-written-sign-ins': signIns,
  '2026-11-28-written-with-two-secrets': webhookSecrets,
};

const LOCK = 7_346_001;

/**
 * Runs whatever is missing. Safe to call from several processes at once: they take turns. Needs two connections.
 * Fails with the database's own error, and leaves the schema at the last migration that went through.
 */
export async function migrateToLatest(db: Db): Promise<void> {
  await db.connection().execute(async (turn) => {
    await sql`SELECT pg_advisory_lock(${LOCK})`.execute(turn);
    try {
      const accounts = await getMigrations({
        database: { db: db.withoutPlugins(), type: 'postgres' },
        ...accountTables,
      });
      await accounts.runMigrations();
      const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
      const { error } = await migrator.migrateToLatest();
      if (error !== undefined)
        throw error instanceof Error ? error : new Error('A migration failed.', { cause: error });
    } finally {
      await sql`SELECT pg_advisory_unlock(${LOCK})`.execute(turn);
    }
  });
}
