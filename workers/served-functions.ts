/** The functions that the enclave serves now: runners of their own for each function and each caller. */
import { buffer } from 'node:stream/consumers';
import { formatReleasePolicy } from '../crypto/session/release-policy.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { FunctionId, Handle } from '../domain/ids.ts';
import {
  ServedFunction,
  type EnclaveServices,
  type HostedBatch,
  type JobTerms,
} from '../enclave/host/served-function.ts';
import type { SandboxOptions } from '../enclave/host/start-runner.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Db } from '../storage/database.ts';
import { findFunction, noSuchFunction, type DeployedFunction } from '../storage/functions.ts';
import { readTokenIssuer } from '../storage/token-issuer.ts';

export interface ServedFunctionsParts {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly services: EnclaveServices;
  readonly sandbox: SandboxOptions;
}

interface Served {
  readonly bundle: string;
  readonly releasePolicy: string;
  readonly served: ServedFunction;
}

export class ServedFunctions {
  readonly #parts: ServedFunctionsParts;
  /** Function and caller → what serves them. */
  readonly #served = new Map<string, Served>();

  constructor(parts: ServedFunctionsParts) {
    this.#parts = parts;
  }

  /** What serves `caller`; started where it is asked for first. Fails with `E_NOT_FOUND`. */
  async find(id: FunctionId, caller: Handle): Promise<ServedFunction> {
    const deployed = await findFunction(this.#parts.db, id);
    if (!deployed) throw noSuchFunction(id);
    return this.#serve(deployed, caller);
  }

  /** Opens a batch of a job of `caller`; see `ServedFunction.openBatch`. Fails with `E_NOT_FOUND`, too. */
  async openBatch(id: FunctionId, caller: Handle, head: Uint8Array, terms: JobTerms): Promise<HostedBatch> {
    return (await this.find(id, caller)).openBatch(head, terms);
  }

  /** Starts a runner for the function's owner, whose first call then finds it warm. Fails as the function does. */
  async try(id: FunctionId): Promise<void> {
    const deployed = await findFunction(this.#parts.db, id);
    if (!deployed) throw noSuchFunction(id);
    await (await this.#serve(deployed, deployed.owner)).start();
  }

  /** Ends every runner of a function; what was under way in them fails. */
  async forget(id: FunctionId): Promise<void> {
    const gone = [...this.#served].filter(([key]) => key.startsWith(`${id} `));
    gone.forEach(([key]) => this.#served.delete(key));
    await Promise.all(gone.map(([, { served }]) => served.stop()));
  }

  async stop(): Promise<void> {
    const all = [...this.#served.values()];
    this.#served.clear();
    await Promise.all(all.map(({ served }) => served.stop()));
  }

  async #serve(deployed: DeployedFunction, caller: Handle): Promise<ServedFunction> {
    const key = `${deployed.id} ${caller}`;
    const releasePolicy = await this.#releasePolicy();
    const known = this.#served.get(key);
    if (known?.bundle === deployed.bundle.sha256 && known.releasePolicy === releasePolicy) return known.served;
    const { checksum, limits, bundle } = deployed;
    const { blobs, services, sandbox } = this.#parts;
    const served = new ServedFunction({
      ...sandbox,
      functionId: deployed.id,
      checksum,
      limits,
      releasePolicy,
      services,
      readBundle: async () => buffer(await blobs.read(bundle.sha256, 0, bundle.size - 1)),
    });
    this.#served.set(key, { bundle: bundle.sha256, releasePolicy, served });
    void known?.served.stop();
    return served;
  }

  async #releasePolicy(): Promise<string> {
    const tokenKey = await readTokenIssuer(this.#parts.db);
    if (tokenKey) return formatReleasePolicy({ tokenKey });
    throw new StrongroomError('E_UNAVAILABLE', 'The platform has not said yet whose tokens count.', {
      next: 'Try again in a moment.',
    });
  }
}
