/** The tables of requests with a key, as Kysely knows them. */
import type { Generated } from 'kysely';
import type { AccountId } from './account-rows.ts';
import type { SetMoment } from './columns.ts';

interface IdempotencyKeysTable {
  accountId: AccountId;
  key: string;
  request: Buffer;
  /** The one request of those with this key that is at work or was answered. */
  attempt: Generated<string>;
  processId: Generated<number>;
  begunAt: SetMoment;
  answer: Buffer | null;
}

interface ApiProcessesTable {
  id: Generated<number>;
  seenAt: SetMoment;
}

export interface KeyedTables {
  idempotencyKeys: IdempotencyKeysTable;
  apiProcesses: ApiProcessesTable;
}
