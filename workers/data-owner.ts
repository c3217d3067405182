/** The worker of a data owner's agent. */
import { Worker } from '@temporalio/worker';
import { createDatasetActivities } from '../activities/datasets.ts';
import type { Party } from '../activities/party.ts';
import { createResultActivities } from '../activities/results.ts';
import { createRunActivities } from '../activities/runs.ts';
import type { Handle } from '../domain/ids.ts';
import { dataOwnerTaskQueue } from '../workflows/task-queues.ts';
import { workerTuning, type WorkerPlace } from './tuning.ts';
import { workflowBundle } from './workflow-bundle.ts';

export async function createDataOwnerWorker(party: Party, account: Handle, place: WorkerPlace): Promise<Worker> {
  return Worker.create({
    taskQueue: dataOwnerTaskQueue(account),
    workflowBundle: await workflowBundle('data-owner'),
    activities: { ...createDatasetActivities(party), ...createResultActivities(party), ...createRunActivities(party) },
    ...workerTuning(place),
  });
}
