/** One task queue per party: a party's work runs only where that party's worker runs. */
import type { Handle } from '../domain/ids.ts';

export const PLATFORM_TASK_QUEUE = 'platform';
/** Where functions run. */
export const ENCLAVE_TASK_QUEUE = 'enclave';
export const ownerTaskQueue = (account: Handle): string => `owner-${account}`;
export const dataOwnerTaskQueue = (account: Handle): string => `data-owner-${account}`;
