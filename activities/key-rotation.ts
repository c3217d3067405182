/** Rotation of a container's key: asked beforehand whether it can succeed, and settled at the platform in one request. */
import { rm } from 'node:fs/promises';
import type { HostedArchive } from '../domain/archive.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseImageDigest, parseSha256, type ContainerName, type Handle, type Sha256 } from '../domain/ids.ts';
import { atWork } from './at-work.ts';
import { nameKeysByArchive, nextKeyFile, settleModelKey } from './model-key-files.ts';
import { signedIn, type Party } from './party.ts';
import { rotationWorkId, type Registered } from './resealing.ts';
import { rewrapForAll } from './rewrapping.ts';

export interface Replacement {
  readonly account: Handle;
  readonly name: ContainerName;
  readonly from: Sha256;
  readonly archive: HostedArchive;
}

export interface ReplacementReport {
  /** Those whose key was wrapped anew. */
  readonly rewrapped: number;
  /** Those for whom it could not be, with the reason. */
  readonly ended: readonly { readonly email: string; readonly benchmark: string; readonly reason: string }[];
}

export interface KeyRotationActivities {
  checkRotation(subject: { readonly account: Handle; readonly name: ContainerName }): Promise<Registered>;
  replaceArchive(replacement: Replacement): Promise<ReplacementReport>;
  discardRotation(rotation: { readonly name: ContainerName; readonly attempted: boolean }): Promise<void>;
}

/** Somebody may be granted or revoked while the key is wrapped for a thousand others. */
const ROUNDS = 20;

export function createKeyRotationActivities(party: Party): KeyRotationActivities {
  return {
    /** Finds out early what would make the rotation fail late. */
    async checkRotation({ account: owner, name }) {
      const { session, platform } = await signedIn(party);
      const { archive, imageDigest, plaintextSize } = await platform.readContainer({ path: { owner, name } });
      if (!(await party.home.identity(session))) {
        throw new StrongroomError('E_NO_CERTIFICATE', 'You have no certificate on this machine to sign grants with.', {
          next: 'Run: strongroom certificate create',
        });
      }
      const sha256 = parseSha256(archive.sha256);
      return { name, ...archive, sha256, plaintextSize, imageDigest: parseImageDigest(imageDigest) };
    },

    /** Wraps and asks anew as long as access changes in between: all who have access get the new key, or nobody does. */
    replaceArchive: (replacement) => atWork('wrap', () => replaceUntilNothingChanges(party, replacement)),

    /** A key that the platform may have been told of stays: its archive may yet be the container's. */
    async discardRotation({ name, attempted }) {
      await party.home.removeWork(rotationWorkId(name));
      const session = await party.home.session();
      if (!attempted && session) await rm(nextKeyFile(party.home.modelKeyFile(session, name)), { force: true });
    },
  };
}

async function replaceUntilNothingChanges(
  party: Party,
  { account: owner, name, from, archive }: Replacement,
): Promise<ReplacementReport> {
  const caller = await signedIn(party);
  const keyFile = party.home.modelKeyFile(caller.session, name);
  const current = await caller.platform.readContainer({ path: { owner, name } });
  // Otherwise this is a second attempt, and the first one came through.
  if (current.archive.sha256 !== archive.sha256) await nameKeysByArchive(keyFile, from, archive.sha256);
  for (let round = 1; ; round += 1) {
    const { grants, ended } = await rewrapForAll(party, caller, { owner, name, archive: archive.sha256, keyFile });
    const named = ended.map(({ association, fingerprint, reason }) => ({ association, fingerprint, reason }));
    try {
      const body = { from, archive, grants, ended: named };
      await caller.platform.rotateKey({ path: { owner, name }, body });
      await settleModelKey(keyFile, archive.sha256);
      return { rewrapped: grants.length, ended };
    } catch (error) {
      const again = error instanceof StrongroomError && error.code === 'E_ACCESS_CHANGED' && round < ROUNDS;
      if (!again) throw error;
    }
  }
}
