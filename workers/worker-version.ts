/** Which version of the code a worker runs, so that a deployment leaves the work under way where it fits. */
import type { WorkerDeploymentOptions } from '@temporalio/worker';

export const PLATFORM_DEPLOYMENT = 'strongroom-platform';

/**
 * With a build id a story that waits for weeks goes over to the newest version, and a short one (`pinned`) ends on the
 * version that it began on.
 */
export const workerVersion = (buildId: string | null): { workerDeploymentOptions?: WorkerDeploymentOptions } =>
  buildId === null
    ? {}
    : {
        workerDeploymentOptions: {
          version: { deploymentName: PLATFORM_DEPLOYMENT, buildId },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'AUTO_UPGRADE',
        },
      };
