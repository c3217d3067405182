/** Sealing anew: what is in the hosted archive, encrypted under another key, without a byte of it on a disk of ours. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { openVerifiedArchive } from '../crypto/archive-decryption.ts';
import { encryptArchive } from '../crypto/archive-encryption.ts';
import { openOrCreateModelKey, readModelKey } from '../crypto/model-key.ts';
import type { ArchiveExpectation, HostedArchive } from '../domain/archive.ts';
import type { ContainerName } from '../domain/ids.ts';
import { atWork } from './at-work.ts';
import { openHostedArchive } from './hosting.ts';
import { nextKeyFile, openModelKey } from './model-key-files.ts';
import { fetchFile, signedIn, type Party } from './party.ts';
import { checkSealedArchive } from './sealed-model.ts';
import type { SealedArchive } from './sealing.ts';

/** A container as the platform has it before the rotation. */
export interface Registered extends ArchiveExpectation {
  readonly name: ContainerName;
  readonly url: string;
}

export interface ResealingActivities {
  fetchOwnArchive(registered: Registered): Promise<void>;
  resealArchive(registered: Registered): Promise<SealedArchive>;
  tryNextKey(hosted: { readonly name: ContainerName } & HostedArchive & ArchiveExpectation): Promise<void>;
}

export const rotationWorkId = (name: ContainerName): string => `rotation/${name}`;

export function createResealingActivities(party: Party): ResealingActivities {
  const filesOf = async (name: ContainerName) => {
    const { session } = await signedIn(party);
    const work = await party.home.workFolder(rotationWorkId(name));
    return {
      work,
      keyFile: party.home.modelKeyFile(session, name),
      oldArchive: path.join(work, 'archive.gpg'),
      newArchive: path.join(work, 'resealed.gpg'),
    };
  };
  return {
    fetchOwnArchive: ({ name, url, sha256, size }) =>
      atWork('download', async (at) => {
        const { oldArchive } = await filesOf(name);
        await fetchFile(party, await signedIn(party), { url, sha256, size }, oldArchive, at);
      }),

    resealArchive: ({ name, url: _url, ...expected }) =>
      atWork('encrypt', async (at) => {
        const { keyFile, oldArchive, newArchive } = await filesOf(name);
        using key = await openModelKey(keyFile, expected.sha256);
        const verdict = await checkSealedArchive(oldArchive, key, expected, at);
        using next = await openOrCreateModelKey(nextKeyFile(keyFile));
        // A second attempt after a crash begins anew: the key has sealed nothing that anyone has seen.
        await rm(newArchive, { force: true });
        const plaintext = openVerifiedArchive(oldArchive, key, verdict, at);
        const sealed = await encryptArchive(plaintext, next, newArchive, { sizeHint: expected.plaintextSize, ...at });
        return { archiveFile: newArchive, hostedAt: null, keyFile, imageDigest: expected.imageDigest, ...sealed };
      }),

    tryNextKey: ({ name, ...hosted }) =>
      atWork('download', async (at) => {
        const { work, keyFile } = await filesOf(name);
        using key = await readModelKey(nextKeyFile(keyFile));
        await openHostedArchive(party, { work, key, hosted }, at);
      }),
  };
}
