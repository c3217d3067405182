/** A function served by a real runner, with an attestor and a key broker in this process. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createHostKey, createSoftwareRoot, trustedSoftwareRoot } from '../../crypto/attestation/software-authority.ts';
import { decodeFunctionBundle, sha256Of } from '../../crypto/function-bundle.ts';
import { sealBundle } from '../../crypto/sealed/sealed-bundle.ts';
import type { UserPublicKey } from '../../crypto/sealed/user-key.ts';
import { formatReleasePolicy } from '../../crypto/session/release-policy.ts';
import { parseFunctionId, parseHandle, type Handle, type Sha256 } from '../../domain/ids.ts';
import { Attestor } from '../../enclave/attestor/attestor.ts';
import { Broker } from '../../enclave/broker/broker.ts';
import { ServedFunction } from '../../enclave/host/served-function.ts';

export const FUNCTION_ID = parseFunctionId('0tJt5jdxKHGYmV8IKhzcZS');
const LIMITS = { memoryMb: 256, seconds: 10, threads: 1 };

export interface EnclaveOfTest extends AsyncDisposable {
  readonly served: ServedFunction;
  readonly checksum: Sha256;
  /** PEM. */
  readonly root: string;
  readonly measured: { readonly runnerImage: Sha256; readonly sandbox: Sha256 };
  /** Signs as the platform does. */
  readonly platformKey: KeyObject;
  userKey(user: Handle): Promise<UserPublicKey>;
}

const rawKey = (key: KeyObject) => new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'));

export async function serveInTest(bundle: Buffer): Promise<EnclaveOfTest> {
  const measured = { runnerImage: sha256Of('the runner'), sandbox: sha256Of('the sandbox') };
  const platform = generateKeyPairSync('ed25519');
  const { checksum } = decodeFunctionBundle(bundle);
  const authority = await createSoftwareRoot(new Date());
  const root = trustedSoftwareRoot(authority).certificate;
  const now = () => new Date();
  const hostKey = await createHostKey(authority, now());
  const attestor = new Attestor({ hostKey, moduleId: 'test', runner: measured, broker: measured, now });
  const runners = {
    accept: ['software' as const],
    roots: [{ tee: 'software' as const, certificate: root }],
    registers: { 0: [measured.runnerImage], 1: [measured.sandbox] },
  };
  const broker = new Broker({
    masterSecret: randomBytes(32),
    policy: { runners, log: null },
    decided: () => undefined,
    now,
  });
  const userKey = (user: Handle) => broker.userKey({ user, generation: 1 });
  const sealed = sealBundle(bundle, await userKey(parseHandle('alice')), checksum);
  const served = new ServedFunction({
    functionId: FUNCTION_ID,
    checksum,
    limits: LIMITS,
    releasePolicy: formatReleasePolicy({ tokenKey: rawKey(platform.publicKey) }),
    readBundle: () => Promise.resolve(Buffer.from(sealed)),
    services: {
      attest: (claims) => attestor.attestRunner(claims),
      brokerNonce: () => Promise.resolve(broker.nonce()),
      release: async (document, keyRequest) => (await broker.release({ document, keyRequest, consent: null })).key,
    },
  });
  return {
    ...{ served, checksum, root, measured, userKey },
    platformKey: platform.privateKey,
    async [Symbol.asyncDispose]() {
      await served.stop();
      broker[Symbol.dispose]();
    },
  };
}
