/** The tables as Kysely knows them. Rows do not leave this folder: queries answer in the words of the field. */
import type { Generated } from 'kysely';
import type { AssociationKind, AssociationState, Ballot } from '../domain/association.ts';
import type { AuditAction } from '../domain/audit.ts';
import type { ErrorFields } from '../domain/errors.ts';
import type { FunctionState, InputType, OutputType } from '../domain/function.ts';
import type { GrantOrigin } from '../domain/grant.ts';
import type {
  AssociationId,
  BenchmarkName,
  ContainerName,
  DatasetName,
  EmailAddress,
  Fingerprint,
  FunctionId,
  FunctionName,
  Handle,
  ImageDigest,
  Sha256,
} from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { EventType } from '../domain/platform-event.ts';
import type { AccountId, AccountTables } from './account-rows.ts';
import type { BenchmarkTables } from './benchmark-rows.ts';
import type { JobTables } from './job-tables.ts';
import type { KeyedTables } from './keyed-tables.ts';
import type { LogTables } from './log-tables.ts';
import type { WebhookTables } from './webhook-rows.ts';
import type { Json, MaybeMoment, Moment, SetMoment } from './columns.ts';

export type { AccountId } from './account-rows.ts';

interface AuthorityTable {
  onlyOne: Generated<boolean>;
  fingerprint: Fingerprint;
  certificate: string;
}

interface CertificateChallengesTable {
  challenge: string;
  accountId: AccountId;
  expiresAt: Moment;
  usedAt: MaybeMoment;
}

interface CertificatesTable {
  fingerprint: Fingerprint;
  accountId: AccountId;
  email: EmailAddress;
  certificate: string;
  state: Generated<'valid' | 'expired' | 'revoked'>;
  issuedAt: SetMoment;
  expiresAt: Moment;
  revokedAt: MaybeMoment;
  reason: string | null;
}

interface BlobsTable {
  sha256: Sha256;
  size: number;
  uploadedBy: AccountId;
  /** When it was last brought, asked for, or let go by what rested on it. */
  wantedAt: SetMoment;
}

interface UploadsTable {
  id: string;
  accountId: AccountId;
  sha256: Sha256 | null;
  size: number;
  createdAt: SetMoment;
}

interface ContainersTable {
  id: Generated<string>;
  ownerId: AccountId;
  name: ContainerName;
  config: string;
  archiveUrl: string;
  archiveSha256: Sha256;
  archiveSize: number;
  imageDigest: ImageDigest;
  plaintextSize: number;
  registeredAt: SetMoment;
}

interface DatasetsTable {
  id: Generated<string>;
  ownerId: AccountId;
  name: DatasetName;
  sha256: Sha256;
  size: number;
  files: number;
  description: string;
  registeredAt: SetMoment;
}

interface AssociationsTable {
  id: Generated<AssociationId>;
  kind: AssociationKind;
  containerId: string | null;
  datasetId: string | null;
  benchmark: BenchmarkName;
  ownerId: AccountId;
  state: Generated<AssociationState>;
  reason: string | null;
  requestedAt: SetMoment;
  deadline: Moment;
  reviewStartedAt: MaybeMoment;
  decidedAt: MaybeMoment;
  closedAt: MaybeMoment;
  testResult: Json<Metrics | null> | null;
  testDatasetSha256: Sha256 | null;
  submission: Generated<number>;
  /** Grows with every vote, every change of the committee and every change of state. */
  revision: Generated<number>;
  stateSince: SetMoment;
  /** What the committee decides on, beside the test. */
  content: Json<Submitted>;
  /** Approved without votes. */
  approvedByPolicy: Generated<boolean>;
  /** Which member of the committee had asked for it. */
  invitedBy: AccountId | null;
}

/** Digests of a container, or of a dataset. */
export type Submitted =
  | { readonly archiveSha256: Sha256; readonly imageDigest: ImageDigest; readonly configSha256: Sha256 }
  | { readonly datasetSha256: Sha256 };

interface VotesTable {
  associationId: AssociationId;
  benchmark: BenchmarkName;
  submission: number;
  memberId: AccountId;
  ballot: Ballot;
  reason: string;
  castAt: SetMoment;
  /** When it was decided: a vote of a member who had left by then does not count. */
  counted: Generated<boolean>;
}

interface GrantsTable {
  id: Generated<string>;
  associationId: AssociationId;
  fingerprint: Fingerprint;
  signer: Fingerprint;
  message: string | null;
  origin: GrantOrigin;
  state: Generated<'valid' | 'revoked' | 'expired'>;
  grantedAt: SetMoment;
  expiresAt: MaybeMoment;
  lastFetchedAt: MaybeMoment;
  revokedAt: MaybeMoment;
  reason: string | null;
}

interface RevokedAddressesTable {
  associationId: AssociationId;
  email: EmailAddress;
  revokedAt: SetMoment;
}

interface ResultsTable {
  id: Generated<string>;
  associationId: AssociationId;
  datasetId: string;
  metrics: Json<Metrics>;
  submittedAt: SetMoment;
}

interface EventsTable {
  id: Generated<number>;
  audience: AccountId;
  type: EventType;
  at: SetMoment;
  association: AssociationId | null;
  container: string | null;
  dataset: string | null;
  benchmark: BenchmarkName | null;
  account: Handle | null;
  fingerprint: Fingerprint | null;
}

/** What is in the last three fields is given by the database when it seals the entry. */
interface AuditEntriesTable {
  id: Generated<string>;
  content: string;
  account: Generated<Handle | null>;
  action: Generated<AuditAction>;
  subject: Generated<string>;
  sequence: Generated<number | null>;
  at: MaybeMoment;
  hash: Generated<Sha256 | null>;
}

interface FunctionsTable {
  id: FunctionId;
  ownerId: AccountId;
  name: FunctionName;
  version: number;
  checksum: Sha256;
  bundleSha256: Sha256;
  bundleSize: number;
  public: boolean;
  memoryMb: number;
  seconds: number;
  threads: number;
  inputType: InputType;
  maxInputBytes: number;
  outputType: OutputType;
  state: Generated<FunctionState>;
  failure: Json<ErrorFields | null> | null;
  deployedAt: SetMoment;
}

interface FunctionVersionsTable {
  ownerId: AccountId;
  name: FunctionName;
  latest: number;
}

interface SessionTicketsTable {
  ticketSha256: Sha256;
  functionId: FunctionId;
  accountId: AccountId;
  tokenId: string;
  expiresAt: Moment;
}

interface TokenIssuerTable {
  onlyOne: Generated<boolean>;
  publicKey: string;
}

interface SentMailsTable {
  key: Sha256;
  sentAt: SetMoment;
}

interface SealingKeysTable {
  accountId: AccountId;
  generation: number;
}

export interface Database extends AccountTables, BenchmarkTables, JobTables, KeyedTables, LogTables, WebhookTables {
  auditEntries: AuditEntriesTable;
  authority: AuthorityTable;
  certificateChallenges: CertificateChallengesTable;
  certificates: CertificatesTable;
  blobs: BlobsTable;
  uploads: UploadsTable;
  containers: ContainersTable;
  datasets: DatasetsTable;
  associations: AssociationsTable;
  votes: VotesTable;
  grants: GrantsTable;
  revokedAddresses: RevokedAddressesTable;
  results: ResultsTable;
  events: EventsTable;
  functions: FunctionsTable;
  functionVersions: FunctionVersionsTable;
  sessionTickets: SessionTicketsTable;
  tokenIssuer: TokenIssuerTable;
  sentMails: SentMailsTable;
  sealingKeys: SealingKeysTable;
}
