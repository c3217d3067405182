/** The embedded platform for the benchmark, and one account that deploys functions there and calls them. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deployFunction } from '../../client/functions/deployment.ts';
import { KeptJobs } from '../../client/functions/kept-jobs.ts';
import { TrustStore, type EnclaveTrust } from '../../client/functions/trust.ts';
import { createPlatformClient, type PlatformClient } from '../../client/platform.ts';
import { Strongroom } from '../../client/strongroom.ts';
import { decodeFunctionBundle } from '../../crypto/function-bundle.ts';
import { parseHandle, type FunctionId, type Sha256 } from '../../domain/ids.ts';
import { openPostgres } from '../../stack/postgres.ts';
import { readPlatformConfiguration } from '../../stack/configuration.ts';
import { bringUp } from '../../stack/stack.ts';
import { openDatabase } from '../../storage/database.ts';
import { openAccount } from '../platform/stage.ts';
import { childrenCalled, memoryBelow } from './memory.ts';

export const HANDLE = parseHandle('alice');

export interface DeployedModel {
  readonly id: FunctionId;
  readonly checksum: Sha256;
}

export interface InferenceStage extends AsyncDisposable {
  readonly platform: PlatformClient;
  readonly strongroom: Strongroom;
  readonly trust: EnclaveTrust;
  readonly kept: KeptJobs;
  readonly workFolder: string;
  deploy(bundle: Buffer): Promise<DeployedModel>;
  /** So that the next call finds none, and starts one. */
  endRunners(): Promise<void>;
  /** Resident memory of all runners, in bytes. */
  memory(): Promise<number>;
}

export async function openInferenceStage(folder: string): Promise<InferenceStage> {
  const postgres = await openPostgres(join(folder, 'postgres'));
  const server = await postgres.start();
  const data = join(folder, 'platform');
  const unlimited = { STRONGROOM_STRANGERS_PER_MINUTE: '1000000', STRONGROOM_ACCOUNT_PER_MINUTE: '1000000' };
  const config = readPlatformConfiguration({ STRONGROOM_DATA: data, DATABASE_URL: postgres.url, ...unlimited });
  const stack = await bringUp(config, () => undefined);
  const db = openDatabase({ url: postgres.url, maxConnections: 1, onIdleError: () => undefined });
  const token = await openAccount(db, HANDLE, data);
  await db.destroy();
  const apiUrl = stack.addresses.api;
  const platform = createPlatformClient({ baseUrl: apiUrl, token });
  const store = new TrustStore(join(folder, 'trust.json'));
  const strongroom = new Strongroom({ apiUrl, token, trust: { file: join(folder, 'trust.json') } });
  const trust = await strongroom.trust();
  const workFolder = join(folder, 'work');
  await mkdir(workFolder);
  const enclave = async () => {
    const record = await readFile(join(data, 'processes', 'enclave.json'), 'utf8');
    return (JSON.parse(record) as { readonly pid: number }).pid;
  };
  return {
    ...{ platform, strongroom, trust, workFolder },
    kept: new KeptJobs(join(folder, 'jobs')),
    async deploy(encoded) {
      const bundle = decodeFunctionBundle(encoded);
      const request = { platform, owner: HANDLE, bundle, trust, store, public: false, workFolder };
      const { deployed } = await deployFunction(request);
      return deployed;
    },
    async endRunners() {
      for (const pid of await childrenCalled(await enclave(), 'bwrap')) process.kill(pid, 'SIGKILL');
      while ((await childrenCalled(await enclave(), 'bwrap')).length > 0) await new Promise(setImmediate);
    },
    memory: async () => memoryBelow(await enclave(), 'bwrap'),
    async [Symbol.asyncDispose]() {
      await stack.stop();
      await server.stop();
    },
  };
}
