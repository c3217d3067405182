/** The tables of benchmarks and their committees, as Kysely knows them. */
import type { Approves } from '../domain/approval-policy.ts';
import type { AssociationKind } from '../domain/association.ts';
import type { BenchmarkName, ContainerName, EmailAddress, ImageDigest, Sha256 } from '../domain/ids.ts';
import type { AccountId } from './account-rows.ts';
import type { MaybeMoment, SetMoment } from './columns.ts';

interface BenchmarksTable {
  name: BenchmarkName;
  ownerId: AccountId;
  description: string;
  testDataset: Sha256;
  metricsArchive: Sha256;
  metricsConfig: string;
  metricsImageDigest: ImageDigest;
  quorum: number;
  approvalDays: number;
  reminderHours: number;
  createdAt: SetMoment;
  closedAt: MaybeMoment;
}

interface BenchmarkMembersTable {
  benchmark: BenchmarkName;
  accountId: AccountId;
  position: number;
}

interface ApprovalPoliciesTable {
  benchmark: BenchmarkName;
  kind: AssociationKind;
  approves: Approves;
  addresses: EmailAddress[];
  setBy: AccountId;
  setAt: SetMoment;
}

interface InvitationsTable {
  benchmark: BenchmarkName;
  ownerId: AccountId;
  container: ContainerName;
  invitedBy: AccountId;
  reason: string;
  invitedAt: SetMoment;
}

export interface BenchmarkTables {
  benchmarks: BenchmarksTable;
  benchmarkMembers: BenchmarkMembersTable;
  approvalPolicies: ApprovalPoliciesTable;
  invitations: InvitationsTable;
}
