/** The tables of the transparency log; see tables.ts. */
import type { AccountId } from './account-rows.ts';
import type { SetMoment } from './columns.ts';

interface LogEntriesTable {
  index: number;
  leaf: Buffer;
  leafHash: Buffer;
  /** Whom it is about. */
  accountId: AccountId;
  /** Whether everyone may read it; otherwise others see its hash only. */
  public: boolean;
  at: SetMoment;
}

interface LogNodesTable {
  level: number;
  index: number;
  hash: Buffer;
}

export interface LogTables {
  logEntries: LogEntriesTable;
  logNodes: LogNodesTable;
}
