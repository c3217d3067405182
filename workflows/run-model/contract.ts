/** A run: a data owner runs a granted container on its own dataset and decides whether the result is sent. */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { BenchmarkName, ContainerRef, DatasetName, Handle } from '../../domain/ids.ts';
import type { Metrics } from '../../domain/metrics.ts';

export const RUN_MODEL = 'runModel';
export const runModelWorkflowId = (account: Handle, container: ContainerRef, dataset: DatasetName): string =>
  `run/${account}/${container.owner}/${container.name}/${dataset}`;

export interface RunModelInput {
  readonly account: Handle;
  readonly container: ContainerRef;
  readonly benchmark: BenchmarkName;
  readonly dataset: DatasetName;
}

export interface RunModelOutcome {
  readonly metrics: Metrics;
  /** Folder on the data owner's machine with the predictions and the results. */
  readonly resultsFolder: string;
}

export const runOutcomeQuery = defineQuery<RunModelOutcome | null>('runOutcome');

/** The data owner's answer to "send these results to the platform?". Accepted once, while the workflow waits for it. */
export const submitConsentUpdate = defineUpdate<{ readonly send: boolean }, [{ readonly send: boolean }]>(
  'submitConsent',
);

export interface RunModelResult extends RunModelOutcome {
  /** `null` where the data owner kept the results. */
  readonly resultId: string | null;
}
