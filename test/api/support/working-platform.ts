/** The API with a Temporal and the platform's worker: what is asked for is also done. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { openTemporal } from '../../../api/temporal.ts';
import { startPlatform, type TestPlatform, type TestPlatformOptions } from './platform.ts';
import { startTemporal } from './temporal.ts';
import { startWorker } from './worker.ts';

export interface WorkingPlatform extends TestPlatform {
  readonly temporal: TestWorkflowEnvironment;
}

export async function startWorkingPlatform(
  options: Omit<TestPlatformOptions, 'temporal'> = {},
): Promise<WorkingPlatform> {
  const temporal = await startTemporal();
  const client = openTemporal({ address: temporal.address, namespace: 'default' });
  const platform = await startPlatform({ ...options, temporal: client });
  const worker = await startWorker(temporal.nativeConnection, platform);
  return {
    ...platform,
    temporal,
    stop: async () => {
      await worker.stop();
      await platform.stop();
      await client.connection.close();
      await temporal.teardown();
    },
  };
}
