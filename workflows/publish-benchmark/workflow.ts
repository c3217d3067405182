import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { BenchmarkActivities } from '../../activities/benchmarks.ts';
import { LONG, QUICK } from '../story/activity-options.ts';
import { Story } from '../story/story.ts';
import type { PublishBenchmarkInput, PublishBenchmarkResult } from './contract.ts';

const { uploadTestDataset, uploadMetricsContainer } = proxyActivities<BenchmarkActivities>(LONG);
const { checkBenchmark, createBenchmark, discardBenchmarkWork } = proxyActivities<BenchmarkActivities>(QUICK);

/** Uploads the test dataset and the metrics container, and creates the benchmark with its committee. */
export async function publishBenchmark(input: PublishBenchmarkInput): Promise<PublishBenchmarkResult> {
  const story = new Story({ benchmark: input.name });
  try {
    await story.step('Check', checkBenchmark, [input]);
    const testDataset = await story.step('Upload the test dataset', uploadTestDataset, [input], (blob) => blob.sha256);
    const metrics = await story.step(
      'Upload the metrics container',
      uploadMetricsContainer,
      [input],
      (m) => m.imageDigest,
    );
    await story.step('Create', createBenchmark, [{ publication: input, testDataset, metrics }]);
    return { name: input.name, testDatasetSha256: testDataset.sha256, metricsSha256: metrics.archive.sha256 };
  } finally {
    await CancellationScope.nonCancellable(() =>
      discardBenchmarkWork.executeWithOptions({ summary: 'Clean up' }, [input.name]),
    );
  }
}
