/** Access: who may open a container in a benchmark, from the approval to the deletion of all keys. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  AssociationId,
  BenchmarkName,
  ContainerName,
  EmailAddress,
  Fingerprint,
  Handle,
} from '../../domain/ids.ts';

export const MANAGE_ACCESS = 'manageAccess';
export const manageAccessWorkflowId = (account: Handle, name: ContainerName, benchmark: BenchmarkName): string =>
  `access/${account}/${name}/${benchmark}`;

export interface AutoGrant {
  readonly everySeconds: number;
  /** Only these addresses; `null` for every authorised data owner of the benchmark. */
  readonly only: readonly EmailAddress[] | null;
}

/** Plain JSON, as it travels through continue-as-new. */
export interface ManageAccessInput {
  readonly account: Handle;
  readonly name: ContainerName;
  readonly benchmark: BenchmarkName;
  readonly association: AssociationId;
  readonly autoGrant: AutoGrant | null;
  /** Addresses that were revoked: auto-grant passes them over, a grant by hand takes them off. */
  readonly revoked: readonly EmailAddress[];
  readonly counters: AccessCounters;
  /** Events after which the entity continues as new; `null` leaves it to Temporal's own suggestion. */
  readonly continueAfter: number | null;
}

export interface AccessCounters {
  readonly granted: number;
  readonly revoked: number;
  readonly autoGrantRounds: number;
  readonly generations: number;
}

export interface GrantRequest {
  readonly emails: readonly EmailAddress[];
  /** ISO 8601; `null` for access that ends only by revocation. */
  readonly expiresAt: string | null;
}

export interface GrantedAccess {
  readonly email: EmailAddress;
  readonly fingerprint: Fingerprint;
}

/** Someone who was passed over, and why; the others are granted all the same. */
export interface SkippedRecipient {
  readonly email: EmailAddress;
  readonly code: string;
  readonly message: string;
}

export interface GrantOutcome {
  readonly granted: readonly GrantedAccess[];
  readonly skipped: readonly SkippedRecipient[];
}

export interface RevokeRequest {
  readonly email: EmailAddress;
  readonly reason: string;
}

export const grantUpdate = defineUpdate<GrantOutcome, [GrantRequest]>('grant');
export const revokeUpdate = defineUpdate<{ readonly revoked: number }, [RevokeRequest]>('revoke');
/** Sets auto-grant, or with `null` stops it. */
export const autoGrantUpdate = defineUpdate<AutoGrant | null, [AutoGrant | null]>('autoGrant');
/** Deletes every wrapped key and closes the association. The workflow ends with it. */
export const deleteKeysUpdate = defineUpdate<{ readonly deleted: number }>('deleteKeys');

/** Says that someone got a certificate or became authorised: auto-grant looks at once instead of at its next tick. */
export const wakeUpSignal = defineSignal('wakeUp');

export interface AccessStatus {
  readonly association: AssociationId;
  readonly autoGrant: AutoGrant | null;
  readonly counters: AccessCounters;
  readonly lastRound: AutoGrantRound | null;
}

export interface AutoGrantRound {
  readonly at: string;
  readonly outcome: GrantOutcome | null;
  /** Why the round failed; the next one tries again. */
  readonly failure: string | null;
}

export const accessStatusQuery = defineQuery<AccessStatus>('accessStatus');
