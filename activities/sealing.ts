/** Sealing: the owner's image becomes an encrypted archive in the agent's work folder; the key stays in the key folder. */
import { createReadStream } from 'node:fs';
import { copyFile, chmod, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { UploadAhead } from '../client/upload-ahead.ts';
import { inspectImageArchive } from '../containers/archive-structure.ts';
import { connectDocker } from '../containers/docker.ts';
import { exportImage } from '../containers/image-export.ts';
import { verifyArchive } from '../crypto/archive-decryption.ts';
import { encryptArchive } from '../crypto/archive-encryption.ts';
import type { OnWritten } from '../crypto/staged-file.ts';
import { codeOf } from '../crypto/failure.ts';
import { openOrCreateModelKey, readModelKey, type ModelKey } from '../crypto/model-key.ts';
import { makePrivateFolder } from '../client/private-files.ts';
import type { ContainerConfig } from '../domain/container-config.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { ContainerName, ImageDigest, Sha256 } from '../domain/ids.ts';
import { atWork, type AtWork } from './at-work.ts';
import { openFunction } from './function-package.ts';
import { fetchFile, signedIn, type Party } from './party.ts';
import { submissionWorkId, pendingKeyFile } from './submission-files.ts';

export interface Submission {
  readonly name: ContainerName;
  readonly config: ContainerConfig;
  readonly configFolder: string;
  readonly keyFile: string | null;
}

export interface SealedArchive {
  readonly archiveFile: string;
  /** Where the owner hosts it already; `null` where the platform is to host it. */
  readonly hostedAt: string | null;
  readonly sha256: Sha256;
  readonly size: number;
  readonly plaintextSize: number;
  readonly imageDigest: ImageDigest;
  /** Where the key will lie once the container is registered. */
  readonly keyFile: string;
}

export interface SealingActivities {
  sealImage(submission: Submission): Promise<SealedArchive>;
}

export function createSealingActivities(party: Party): SealingActivities {
  return {
    sealImage: (submission) =>
      atWork('encrypt', async (at) => {
        const work = await party.home.workFolder(submissionWorkId(submission.name));
        const archiveFile = path.join(work, 'archive.gpg');
        const { session } = await signedIn(party);
        const keyFile = party.home.modelKeyFile(session, submission.name);
        const sealed =
          submission.config.containerType === 'EncryptedDockerArchive'
            ? await adoptSealedArchive(party, submission, archiveFile, keyFile, at)
            : await seal(party, submission, archiveFile, keyFile, at);
        return { archiveFile, keyFile, ...sealed };
      }),
  };
}

type Sealed = Omit<SealedArchive, 'archiveFile' | 'keyFile'>;

async function seal(
  party: Party,
  submission: Submission,
  archiveFile: string,
  keyFile: string,
  at: AtWork,
): Promise<Sealed> {
  await makePrivateFolder(path.dirname(keyFile));
  using key = await openOrCreateModelKey(pendingKeyFile(keyFile));
  // A second attempt after a crash begins anew: encryption under the same key, so nothing of the first one matters.
  await rm(archiveFile, { force: true });
  const source = await openImage(submission, at);
  const ahead = await startUploadAhead(party, archiveFile, source.size);
  try {
    const onWritten: OnWritten = (draft, bytes) => ahead.wrote(draft, bytes);
    const archive = await encryptArchive(source.stream, key, archiveFile, { sizeHint: source.size, onWritten, ...at });
    return { hostedAt: null, imageDigest: source.imageDigest, ...archive };
  } finally {
    await ahead.stop();
  }
}

/** What Docker says of an image's size leaves out what the archive adds around its layers. */
const ROOM_BYTES = 64 * 2 ** 20;

async function startUploadAhead(party: Party, file: string, size: number): Promise<UploadAhead> {
  const { session, platform } = await signedIn(party);
  const headers = platform.headersFor(session.apiUrl);
  return new UploadAhead({ apiUrl: session.apiUrl, headers, file, atMost: Math.ceil(size * 1.05) + ROOM_BYTES });
}

interface ImageSource {
  readonly stream: AsyncIterable<Buffer>;
  readonly imageDigest: ImageDigest;
  readonly size: number;
}

async function openImage({ config, configFolder }: Submission, at: AtWork): Promise<ImageSource> {
  if (config.containerType === 'DockerImage') {
    const image = await exportImage(await connectDocker(), config.image, { signal: at.signal });
    return { stream: image.stream, imageDigest: image.imageDigest, size: image.sizeEstimate };
  }
  if (config.containerType === 'Function') return openFunction(path.resolve(configFolder, config.image), at);
  const file = path.resolve(configFolder, config.image);
  const { size } = await stat(file).catch(noArchiveAt(file));
  const { imageDigest } = await inspectImageArchive(createReadStream(file));
  return { stream: createReadStream(file, { highWaterMark: 1 << 20 }), imageDigest, size };
}

/** Takes an archive that its owner encrypted and perhaps hosts: the key must open it, and all of it must be in order. */
async function adoptSealedArchive(
  party: Party,
  { config, configFolder, keyFile: givenKey }: Submission,
  archiveFile: string,
  keyFile: string,
  at: AtWork,
): Promise<Sealed> {
  if (givenKey === null) {
    throw new StrongroomError('E_KEY_FILE', 'The archive is encrypted, and its key was not named.', {
      next: 'Add --key-file FILE. The key stays on this machine.',
    });
  }
  const hostedAt = /^https?:/.test(config.image) ? config.image : null;
  if (hostedAt) await fetchFile(party, await signedIn(party), { url: hostedAt, sha256: null }, archiveFile, at);
  else await takeFile(path.resolve(configFolder, config.image), archiveFile);
  await makePrivateFolder(path.dirname(keyFile));
  await importKey(givenKey, pendingKeyFile(keyFile));
  using key = await readModelKey(pendingKeyFile(keyFile));
  refuseGuessable(key);
  const verdict = await verifyArchive(archiveFile, key, {
    inspect: (plaintext) => inspectImageArchive(plaintext),
    ...at,
  });
  const { sha256, size, plaintextSize } = verdict;
  return { hostedAt, sha256, size, plaintextSize, imageDigest: verdict.finding.imageDigest };
}

/** Everyone may fetch the archive, and try keys for as long as it takes. */
function refuseGuessable(key: ModelKey): void {
  const short = key.warnings.find(({ kind }) => kind === 'short');
  if (!short) return;
  throw new StrongroomError('E_KEY_FILE', 'The key is too short: whoever fetches the archive could guess it.', {
    why: [...key.warnings.filter(({ kind }) => kind.startsWith('cut')), short].map(({ message }) => message).join(' '),
    next: 'Encrypt anew: strongroom archive encrypt IN --out OUT --key-file KEY --generate-key',
  });
}

const takeFile = (from: string, to: string) => copyFile(from, to).catch(noArchiveAt(from));

const noArchiveAt = (file: string) => (error: unknown) => {
  if (codeOf(error) !== 'ENOENT') throw error;
  throw new StrongroomError('E_FILE_NOT_FOUND', `There is no archive at ${file}.`, {
    next: 'Correct "image" in the container config: a path is relative to the folder of the config.',
  });
};

async function importKey(from: string, to: string): Promise<void> {
  const beside = `${to}.partial`;
  await copyFile(from, beside).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new StrongroomError('E_KEY_NOT_FOUND', `There is no key at ${from}.`, { next: 'Correct --key-file.' });
  });
  await chmod(beside, 0o600);
  await rename(beside, to);
}
