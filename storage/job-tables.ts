/** The tables of durable jobs; see tables.ts. */
import type { Generated } from 'kysely';
import type { ErrorFields } from '../domain/errors.ts';
import type { FunctionId, JobId, Sha256 } from '../domain/ids.ts';
import type { JobState } from '../domain/job.ts';
import type { AccountId } from './account-rows.ts';
import type { Json, MaybeMoment, SetMoment } from './columns.ts';

interface JobsTable {
  id: JobId;
  accountId: AccountId;
  functionId: FunctionId;
  /** `owner/name@version`, as it was when the job began. */
  functionName: string;
  checksum: Sha256;
  nonce: string;
  answerKey: string;
  permit: string;
  items: number;
  state: Generated<JobState>;
  failure: Json<ErrorFields | null> | null;
  createdAt: SetMoment;
  endedAt: MaybeMoment;
}

interface JobBatchesTable {
  jobId: JobId;
  position: number;
  sha256: Sha256;
  size: number;
  firstItem: number;
  items: number;
}

interface JobDocumentsTable {
  jobId: JobId;
  sha256: Sha256;
  document: Buffer;
}

interface JobAnswersTable {
  jobId: JobId;
  item: number;
  documentSha256: Sha256 | null;
  answer: Buffer | null;
  failure: Json<ErrorFields | null> | null;
}

interface SpentJobIdsTable {
  id: JobId;
}

export interface JobTables {
  jobs: JobsTable;
  jobBatches: JobBatchesTable;
  jobDocuments: JobDocumentsTable;
  jobAnswers: JobAnswersTable;
  spentJobIds: SpentJobIdsTable;
}
