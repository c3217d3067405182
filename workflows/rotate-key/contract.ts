/** Rotation: a container gets a new key and a new archive, and everyone who has access gets the new key. */
import type { HostedArchive } from '../../domain/archive.ts';
import type { ContainerName, Handle, Sha256 } from '../../domain/ids.ts';

export const ROTATE_KEY = 'rotateKey';
export const rotateKeyWorkflowId = (account: Handle, name: ContainerName): string => `rotation/${account}/${name}`;

export interface RotateKeyInput {
  readonly account: Handle;
  readonly name: ContainerName;
}

export interface RotateKeyResult {
  /** Digest of the archive before. */
  readonly from: Sha256;
  readonly archive: HostedArchive;
  /** How many have the new key. */
  readonly rewrapped: number;
  /** Those for whom it could not be wrapped: they have no access any more. */
  readonly ended: readonly { readonly email: string; readonly benchmark: string; readonly reason: string }[];
  /** Where the new key lies on the owner's machine. */
  readonly keyFile: string;
}
