/** The platform's database. Code says `camelCase`, Postgres says `snake_case`. */
import { CamelCasePlugin, Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from './tables.ts';

export type Db = Kysely<Database>;
export type Trx = Transaction<Database>;

export interface DatabaseOptions {
  /** `postgres://…`; the password may come from `PGPASSWORD` or a passfile instead. */
  readonly url: string;
  /** Connections that this process may hold at most. */
  readonly maxConnections: number;
  /** Called for a connection that broke while idle; the pool replaces it by itself. */
  readonly onIdleError: (error: Error) => void;
}

// Sizes and event numbers fit a double; a string in their place would be compared as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Opens a pool. It connects when first asked, waits 5 s for a connection and 30 s for an answer, and fails after that. */
export function openDatabase({ url, maxConnections, onIdleError }: DatabaseOptions): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'strongroom',
  });
  pool.on('error', onIdleError);
  // One that breaks between two statements of a transaction would end the process; its next statement says that it broke.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Database>({
    dialect: new PostgresDialect({ pool }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
}
