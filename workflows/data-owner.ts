/** The stories that a data owner's agent tells. */
export { registerDataset } from './register-dataset/workflow.ts';
export { runModel } from './run-model/workflow.ts';
