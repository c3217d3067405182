/**
 * The thread behind `DigestThread`. In JavaScript, as each thread would strip the types of a TypeScript file anew, which
 * doubles the time that it takes to start.
 */
import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';

const hash = createHash(workerData);

parentPort.on('message', ({ slot, length }) => {
  hash.update(new Uint8Array(slot, 0, length));
  parentPort.postMessage({ slot, digest: hash.copy().digest() }, [slot]);
});
