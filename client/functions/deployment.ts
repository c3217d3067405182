/** Deploys a function: encrypted on this machine, uploaded as ciphertext, and tried by a runner before it counts. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeFunctionBundle, sha256Of, type FunctionBundle } from '../../crypto/function-bundle.ts';
import { sealBundle } from '../../crypto/sealed/sealed-bundle.ts';
import { fromErrorFields, isErrorCode, StrongroomError } from '../../domain/errors.ts';
import type { Handle } from '../../domain/ids.ts';
import type { OnProgress } from '../../domain/progress.ts';
import type { PlatformClient, Schema } from '../platform.ts';
import { uploadBlob } from '../upload.ts';
import { holdLoggedFunction, holdLoggedUserKey } from './public-log.ts';
import type { EnclaveTrust, TrustStore } from './trust.ts';
import { fetchUserKey } from './user-keys.ts';
import { everyItem } from '../pages.ts';

export interface DeploymentRequest {
  readonly platform: PlatformClient;
  readonly owner: Handle;
  readonly bundle: FunctionBundle;
  readonly trust: EnclaveTrust;
  /** What this party believes: its own key as it was before, and the platform's log. */
  readonly store: TrustStore;
  readonly public: boolean;
  /** For the ciphertext, while it is uploaded. */
  readonly workFolder: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Deployment {
  readonly deployed: Schema<'DeployedFunction'>;
  /** Whether the same content was there already, so that nothing was uploaded. */
  readonly known: boolean;
}

const ASK_AGAIN_MS = 250;

/**
 * Fails with `E_ATTESTATION` where the key broker does not prove what it is, and with the runner's own reason where the
 * function cannot be used.
 */
export async function deployFunction(request: DeploymentRequest): Promise<Deployment> {
  const { platform, bundle, signal } = request;
  const known = await findSame(request);
  const wanted = known ? known.bundle : await uploadEncrypted(request);
  const { config, checksum } = bundle;
  const deployed = await platform.deployFunction({
    body: {
      name: config.name,
      checksum,
      bundle: wanted,
      public: request.public,
      limits: config.limits,
      input: config.input,
      output: config.output,
    },
    ...(signal && { signal }),
  });
  // What was deployed is there for everyone to see, or it was not deployed for everyone.
  await holdLoggedFunction(platform, request.store, deployed);
  return { deployed: await untilTried(platform, deployed, signal), known: known !== undefined };
}

async function findSame({ platform, bundle }: DeploymentRequest): Promise<Schema<'DeployedFunction'> | undefined> {
  const items = await everyItem((page) => platform.listFunctions({ query: page }));
  return items.find(
    ({ name, checksum, state }) => name === bundle.config.name && checksum === bundle.checksum && state === 'ready',
  );
}

async function uploadEncrypted(
  request: DeploymentRequest,
): Promise<{ sha256: ReturnType<typeof sha256Of>; size: number }> {
  const { platform, owner, bundle, trust, workFolder, signal, onProgress } = request;
  const key = await fetchUserKey(platform, owner, trust);
  await holdLoggedUserKey(platform, request.store, key, null);
  const plain = encodeFunctionBundle(bundle);
  const sealed = sealBundle(plain, key, bundle.checksum);
  plain.fill(0);
  const file = path.join(workFolder, `${bundle.checksum}.sealed`);
  const blob = { sha256: sha256Of(sealed), size: sealed.length };
  try {
    await writeFile(file, sealed, { mode: 0o600 });
    await uploadBlob({
      apiUrl: platform.baseUrl,
      headers: platform.headersFor(platform.baseUrl),
      file,
      ...blob,
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
    return blob;
  } finally {
    await rm(file, { force: true });
  }
}

async function untilTried(
  platform: PlatformClient,
  deployed: Schema<'DeployedFunction'>,
  signal?: AbortSignal,
): Promise<Schema<'DeployedFunction'>> {
  let now = deployed;
  while (now.state === 'deploying') {
    await pause(ASK_AGAIN_MS, undefined, signal ? { signal } : {});
    now = await platform.readFunction({ path: { id: deployed.id }, ...(signal && { signal }) });
  }
  if (!now.failure) return now;
  const { code, message, why, next } = now.failure;
  throw isErrorCode(code)
    ? fromErrorFields({ code, message, why, next })
    : new StrongroomError('E_FUNCTION_INVALID', message);
}
