/** The platform's certificate authority on disk: made at the first start, in a folder that only the worker reads. */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CertificateAuthority } from '../activities/platform.ts';
import { createAuthority } from '../crypto/certificate-authority.ts';
import { parseFingerprint } from '../domain/ids.ts';

/** Opens the authority in `folder`. The key is written before the certificate, so a certificate always has its key. */
export async function openAuthority(folder: string): Promise<CertificateAuthority> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keyFile = path.join(folder, 'authority.key.asc');
  const certificateFile = path.join(folder, 'authority.json');
  const read = async (): Promise<CertificateAuthority> => {
    const about = JSON.parse(await readFile(certificateFile, 'utf8')) as { certificate: string; fingerprint: string };
    return {
      certificate: about.certificate,
      fingerprint: parseFingerprint(about.fingerprint),
      privateKey: await readFile(keyFile),
    };
  };
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { certificate, fingerprint, privateKey } = await createAuthority();
  await writeOnce(keyFile, privateKey);
  await writeOnce(certificateFile, JSON.stringify({ certificate, fingerprint }));
  privateKey.fill(0);
  return read();
}

/** A file that is complete or absent, and never replaced. */
async function writeOnce(file: string, content: string | Buffer): Promise<void> {
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, content, { mode: 0o600, flush: true });
  try {
    await link(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}
