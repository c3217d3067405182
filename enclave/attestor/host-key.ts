/**
 * The host's key and the root above it, on disk. The root's private key is needed for a moment every few days; it lies in
 * a folder of its own, which an operator moves to a machine without network and brings back to renew the host's.
 */
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertifiedKey } from '../../crypto/attestation/software-authority.ts';
import { createHostKey, createSoftwareRoot, trustedSoftwareRoot } from '../../crypto/attestation/software-authority.ts';
import { codeOf } from '../../crypto/failure.ts';
import { StrongroomError } from '../../domain/errors.ts';

export interface HostKey {
  readonly key: CertifiedKey;
  /** PEM; clients pin it. */
  readonly root: string;
}

const RENEWED_BEFORE_MS = 4 * 86_400_000;

/**
 * The host's key from `hostFolder`, made or renewed with the root in `rootFolder`, which is made at the first start ever.
 * Fails with `E_KEY_FILE` where the host's certificate has ended and the root is away.
 */
export async function openHostKey(hostFolder: string, rootFolder: string, now: Date): Promise<HostKey> {
  const known = await readKey(hostFolder);
  const left = known ? new X509Certificate(known.certificate).validToDate.getTime() - now.getTime() : 0;
  if (known && left > RENEWED_BEFORE_MS) return withRoot(known);
  const root = (await readKey(rootFolder)) ?? (known ? null : await makeRoot(rootFolder, now));
  if (root) {
    const renewed = await createHostKey(root, now);
    await writeKey(hostFolder, renewed);
    return withRoot(renewed);
  }
  if (known && left > 0) return withRoot(known);
  throw new StrongroomError('E_KEY_FILE', "The host's attestation certificate has ended.", {
    why: `Only the root can certify another one, and its key is not in ${rootFolder}.`,
    next: 'Bring the folder of the root back for one start of the platform.',
  });
}

async function makeRoot(folder: string, now: Date): Promise<CertifiedKey> {
  const root = await createSoftwareRoot(now);
  await writeKey(folder, root);
  return root;
}

function withRoot(key: CertifiedKey): HostKey {
  const [certificate] = key.chain;
  if (!certificate) throw new Error("The host's key has no chain.");
  return { key, root: trustedSoftwareRoot({ certificate }).certificate };
}

interface KeyFile {
  readonly certificate: string;
  readonly chain: readonly string[];
  /** PKCS #8, PEM. */
  readonly privateKey: string;
}

async function readKey(folder: string): Promise<CertifiedKey | null> {
  let text: string;
  try {
    text = await readFile(join(folder, 'key.json'), 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  const { certificate, chain, privateKey } = JSON.parse(text) as KeyFile;
  return { certificate: fromBase64(certificate), chain: chain.map(fromBase64), privateKey: keyOf(privateKey) };
}

async function writeKey(folder: string, { certificate, chain, privateKey }: CertifiedKey): Promise<void> {
  const base64 = (der: Uint8Array) => Buffer.from(der).toString('base64');
  const content: KeyFile = {
    certificate: base64(certificate),
    chain: chain.map(base64),
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, 'key.json.draft');
  await writeFile(draft, JSON.stringify(content), { mode: 0o600, flush: true });
  await rename(draft, join(folder, 'key.json'));
}

const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const keyOf = (pem: string): KeyObject => createPrivateKey(pem);
