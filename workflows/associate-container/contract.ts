/** Association: compatibility test, the owner's consent, the committee's decision. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AssociationState } from '../../domain/association.ts';
import type { AssociationId, BenchmarkName, ContainerName, Handle } from '../../domain/ids.ts';
import type { Metrics } from '../../domain/metrics.ts';

export const ASSOCIATE_CONTAINER = 'associateContainer';
export const associateContainerWorkflowId = (account: Handle, name: ContainerName, benchmark: BenchmarkName): string =>
  `association/${account}/${name}/${benchmark}`;

export interface AssociateContainerInput {
  readonly account: Handle;
  readonly name: ContainerName;
  readonly benchmark: BenchmarkName;
  /** Seconds between two questions to the platform while the committee decides; the event stream is quicker. */
  readonly pollSeconds: number;
}

/** The scores of the compatibility test, once there are any. */
export const testResultQuery = defineQuery<Metrics | null>('testResult');

/** The owner's answer to "send these scores to the platform?". Accepted once, while the workflow waits for it. */
export const consentUpdate = defineUpdate<ConsentAnswer, [ConsentAnswer]>('consent');
export interface ConsentAnswer {
  readonly send: boolean;
}

/** Says that the platform has news on the association; the workflow then asks for the decision itself. */
export const associationNewsSignal = defineSignal('associationNews');

export interface AssociateContainerResult {
  readonly association: AssociationId;
  readonly state: AssociationState;
  readonly reason: string | null;
}
