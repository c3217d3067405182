/** The thread behind `wrapOnThreads`: wraps its share, answers once, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadOrder } from './grant-threads.ts';
import { wrapKeys } from './grants.ts';
import { ModelKey } from './model-key.ts';

const { key: bytes, ownerPrivateKey, authority, now, recipients } = workerData as ThreadOrder;
using key = new ModelKey(Buffer.from(bytes.buffer));
try {
  parentPort?.postMessage(await wrapKeys({ key, ownerPrivateKey, authority, now }, recipients));
} finally {
  ownerPrivateKey.fill(0);
}
