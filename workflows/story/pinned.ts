import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';

/**
 * Has a short story end on the version of the worker that it began on. The others go over to the newest version, so that
 * what waits for weeks does not hold old workers: their changes are guarded by `patched`.
 */
export function pinned(story: (...args: never[]) => Promise<unknown>): void {
  // Temporal refuses the wish of a worker without versions, which a local one is.
  setWorkflowOptions(() => {
    const version = workflowInfo().currentDeploymentVersion;
    return version === undefined || version.deploymentName === '' ? {} : { versioningBehavior: 'PINNED' };
  }, story);
}
