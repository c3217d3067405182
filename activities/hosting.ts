/** Hosting: the encrypted archive goes where data owners can fetch it, and is tried there as they will. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from '../client/private-files.ts';
import { uploadBlob } from '../client/upload.ts';
import { readModelKey, type ModelKey } from '../crypto/model-key.ts';
import type { ArchiveExpectation, HostedArchive } from '../domain/archive.ts';
import type { ContainerName } from '../domain/ids.ts';
import { atWork, type AtWork } from './at-work.ts';
import { fetchFile, signedIn, type Party } from './party.ts';
import { checkSealedArchive } from './sealed-model.ts';
import type { SealedArchive } from './sealing.ts';
import { pendingKeyFile, submissionWorkId } from './submission-files.ts';

export interface HostingActivities {
  hostArchive(sealed: SealedArchive): Promise<HostedArchive>;
  tryKeyOnHostedArchive(
    hosted: { readonly name: ContainerName; readonly url: string } & ArchiveExpectation,
  ): Promise<void>;
}

export function createHostingActivities(party: Party): HostingActivities {
  return {
    hostArchive: ({ archiveFile, hostedAt, sha256, size }) =>
      atWork('upload', async (at) => {
        if (hostedAt !== null) return { url: hostedAt, sha256, size };
        const { session, platform } = await signedIn(party);
        const headers = platform.headersFor(session.apiUrl);
        const url = await uploadBlob({ apiUrl: session.apiUrl, headers, file: archiveFile, sha256, size, ...at });
        return { url, sha256, size };
      }),

    /** Fetches what is hosted as a data owner would, and opens all of it with the key: a wrong pair is never registered. */
    tryKeyOnHostedArchive: ({ name, url, ...expected }) =>
      atWork('download', async (at) => {
        const caller = await signedIn(party);
        const work = await party.home.workFolder(submissionWorkId(name));
        const keyFile = party.home.modelKeyFile(caller.session, name);
        const pending = pendingKeyFile(keyFile);
        using key = await readModelKey((await isThere(pending)) ? pending : keyFile);
        await openHostedArchive(party, { work, key, hosted: { url, ...expected } }, at);
      }),
  };
}

interface Hosted {
  /** Folder in which the archive lies while it is tried. */
  readonly work: string;
  readonly key: ModelKey;
  readonly hosted: { readonly url: string } & ArchiveExpectation;
}

/** Fetches the archive from where it is hosted, opens all of it with the key, and leaves nothing. */
export async function openHostedArchive(party: Party, { work, key, hosted }: Hosted, at: AtWork): Promise<void> {
  const { url, ...expected } = hosted;
  const file = path.join(work, 'hosted.gpg');
  try {
    await fetchFile(party, await signedIn(party), { url, ...expected }, file, at);
    await checkSealedArchive(file, key, expected, at);
  } finally {
    await rm(file, { force: true });
  }
}
