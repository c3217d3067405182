/**
 * The thread behind `DigestThread`. In JavaScript, as each thread would strip the types of a TypeScript file anew, which
 * doubles the time that it takes to start.
 */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';

const hash = createHash(workerData);

parentPort.on('message', ({ memory, length }) => {
  hash.update(new Uint8Array(memory, 0, length));
  parentPort.postMessage(hash.copy().digest());
});
