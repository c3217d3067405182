/** The stories that a model owner's (or a committee member's) agent tells. */
export { associateContainer } from './associate-container/workflow.ts';
export { manageAccess } from './manage-access/workflow.ts';
export { publishBenchmark } from './publish-benchmark/workflow.ts';
export { registerContainer } from './register-container/workflow.ts';
export { rotateKey } from './rotate-key/workflow.ts';
