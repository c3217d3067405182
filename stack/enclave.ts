/** The enclave's processes: the attestor, the key broker, and the worker that owns the runners; each with its own secret. */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Child } from './child-process.ts';
import { enclavePlaces } from './enclave-places.ts';
import { askLocally } from './local-service.ts';

export interface EnclaveParts {
  readonly dataFolder: string;
  readonly keepRunning: (name: string, start: () => Promise<Child>) => Promise<void>;
  /** Starts a script of ours and waits until it is ready. */
  readonly start: (name: string, script: string, isReady: () => Promise<boolean>) => Promise<Child>;
}

/** Fails with `E_UNAVAILABLE` where one of them does not start. */
export async function startEnclave({ dataFolder, keepRunning, start }: EnclaveParts): Promise<void> {
  const { attestorSocket, brokerSocket } = enclavePlaces(dataFolder);
  const answers = (socket: string, name: string) => async () => {
    await askLocally(socket, name, {});
    return true;
  };
  await keepRunning('attestor', () => start('attestor', 'workers/attestor.ts', answers(attestorSocket, 'describe')));
  await keepRunning('broker', () => start('broker', 'workers/broker.ts', answers(brokerSocket, 'nonce')));
  const ready = path.join(dataFolder, 'enclave.ready');
  await keepRunning('enclave', async () => {
    await rm(ready, { force: true });
    return start('enclave', 'workers/enclave.ts', async () => (await stat(ready)).isFile());
  });
}
