/** Publication: a committee's test dataset and metrics container become a benchmark. */
import type { GivenPolicies } from '../../domain/approval-policy.ts';
import type { BenchmarkName, Handle } from '../../domain/ids.ts';

export const PUBLISH_BENCHMARK = 'publishBenchmark';
export const publishBenchmarkWorkflowId = (name: BenchmarkName): string => `benchmark/${name}`;

export interface PublishBenchmarkInput {
  readonly account: Handle;
  readonly name: BenchmarkName;
  readonly description: string;
  /** An archive (`.tar` or `.tar.gz`) with the folders `data` and `labels`; a path on the member's machine. */
  readonly testDatasetFile: string;
  readonly metricsConfigText: string;
  /** Folder of the metrics container's config: relative image paths start here. */
  readonly metricsConfigFolder: string;
  readonly members: readonly Handle[];
  readonly quorum: number;
  readonly approvalDays: number;
  readonly reminderHours: number;
  /** What is approved without votes; nothing where none is given. */
  readonly policies?: GivenPolicies;
}

export interface PublishBenchmarkResult {
  readonly name: BenchmarkName;
  readonly testDatasetSha256: string;
  readonly metricsSha256: string;
}
