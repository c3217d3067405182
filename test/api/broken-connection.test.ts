/** A connection to the database that breaks in the middle of a transaction. */
import { expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '../../storage/database.ts';
import { startPostgres } from './support/postgres.ts';

test('between two statements fails the next one, and not the process', async () => {
  const postgres = await startPostgres();
  const db = openDatabase({ url: postgres.url, maxConnections: 2, onIdleError: () => undefined });
  const broken = db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(trx);
    await sql`SELECT pg_terminate_backend(${rows[0]?.pid})`.execute(db);
    await pause(200);
    await sql`SELECT 1`.execute(trx);
  });
  await expect(broken).rejects.toThrow();
  expect((await sql`SELECT 1 AS one`.execute(db)).rows).toEqual([{ one: 1 }]);
  await db.destroy();
  await postgres.stop();
});
