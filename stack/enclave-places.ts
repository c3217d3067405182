/** Where the processes of the enclave meet on one machine, and where their keys lie: below the platform's data folder. */
import path from 'node:path';

export interface EnclavePlaces {
  readonly attestorSocket: string;
  readonly brokerSocket: string;
  /** Sessions with functions go through it. */
  readonly enclaveSocket: string;
  /** The attestor's alone. */
  readonly hostFolder: string;
  /** The offline root's: needed at the first start and every few days. */
  readonly rootFolder: string;
  /** The key broker's alone. */
  readonly brokerFolder: string;
}

export function enclavePlaces(dataFolder: string): EnclavePlaces {
  const within = (...names: string[]) => path.join(dataFolder, 'enclave', ...names);
  return {
    attestorSocket: within('attestor.sock'),
    brokerSocket: within('broker.sock'),
    enclaveSocket: within('enclave.sock'),
    hostFolder: within('host'),
    rootFolder: within('offline-root'),
    brokerFolder: within('broker'),
  };
}
