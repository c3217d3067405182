/** What the registers of this enclave's programs are, by the files and settings of this machine. */
import path from 'node:path';
import type { Sha256 } from '../domain/ids.ts';
import { measureProgram, measureRunnerImage, measureSandbox } from '../enclave/host/measurements.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/** What the key broker is made of. */
const BROKER_CODE = [
  'workers/broker.ts',
  'workers/enclave-questions.ts',
  'enclave/broker',
  'crypto',
  'domain',
  'package-lock.json',
];

export interface EnclaveMeasurements {
  readonly runner: { readonly runnerImage: Sha256; readonly sandbox: Sha256 };
  readonly broker: { readonly runnerImage: Sha256; readonly sandbox: Sha256 };
}

export async function measureEnclave(kind: Parameters<typeof measureSandbox>[0]): Promise<EnclaveMeasurements> {
  const [runnerImage, sandbox, brokerImage] = await Promise.all([
    measureRunnerImage(),
    measureSandbox(kind),
    measureProgram(ROOT, BROKER_CODE),
  ]);
  // The broker runs code of nobody else, so it is not shut in; its register says so by holding its image twice.
  return { runner: { runnerImage, sandbox }, broker: { runnerImage: brokerImage, sandbox: brokerImage } };
}
