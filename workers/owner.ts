/** The worker of an owner's (or a committee member's) agent. */
import { Worker } from '@temporalio/worker';
import { createAssociationActivities } from '../activities/associations.ts';
import { createBenchmarkActivities } from '../activities/benchmarks.ts';
import { createCompatibilityActivities } from '../activities/compatibility.ts';
import { createGrantActivities } from '../activities/grants.ts';
import { createHostingActivities } from '../activities/hosting.ts';
import { createKeyRotationActivities } from '../activities/key-rotation.ts';
import type { Party } from '../activities/party.ts';
import { createRegistrationActivities } from '../activities/registrations.ts';
import { createResealingActivities } from '../activities/resealing.ts';
import { createSealingActivities } from '../activities/sealing.ts';
import type { Handle } from '../domain/ids.ts';
import { ownerTaskQueue } from '../workflows/task-queues.ts';
import { workerTuning, type WorkerPlace } from './tuning.ts';
import { workflowBundle } from './workflow-bundle.ts';

export async function createOwnerWorker(party: Party, account: Handle, place: WorkerPlace): Promise<Worker> {
  return Worker.create({
    taskQueue: ownerTaskQueue(account),
    workflowBundle: await workflowBundle('owner'),
    activities: {
      ...createAssociationActivities(party),
      ...createBenchmarkActivities(party),
      ...createCompatibilityActivities(party),
      ...createGrantActivities(party),
      ...createHostingActivities(party),
      ...createKeyRotationActivities(party),
      ...createRegistrationActivities(party),
      ...createResealingActivities(party),
      ...createSealingActivities(party),
    },
    ...workerTuning(place),
  });
}
