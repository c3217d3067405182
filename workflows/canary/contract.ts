/** Canary: the smallest piece of work, by which the platform knows that work gets done. */
export const CANARY = 'canary';
export const CANARY_WORKFLOW_ID = 'canary';
