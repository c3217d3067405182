/** The stories that the enclave's worker tells. */
export { deployFunction } from './deploy-function/workflow.ts';
export { runJob } from './run-job/workflow.ts';
