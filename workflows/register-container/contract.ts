/** Registration: a model owner's image becomes an encrypted, hosted, registered container. */
import type { HostedArchive } from '../../domain/archive.ts';
import type { ContainerConfig } from '../../domain/container-config.ts';
import type { ContainerName, Handle, ImageDigest } from '../../domain/ids.ts';

export const REGISTER_CONTAINER = 'registerContainer';
export const registerContainerWorkflowId = (account: Handle, name: ContainerName): string =>
  `container/${account}/${name}`;

export interface RegisterContainerInput {
  readonly account: Handle;
  readonly name: ContainerName;
  readonly config: ContainerConfig;
  /** The config as its author wrote it; it is registered word by word. */
  readonly configText: string;
  /** Folder of the config on the owner's machine: relative image paths start here. */
  readonly configFolder: string;
  /** The key of an archive that the owner encrypted beforehand; a path on the owner's machine, never the key. */
  readonly keyFile: string | null;
}

export interface RegisterContainerResult {
  readonly owner: Handle;
  readonly name: ContainerName;
  readonly archive: HostedArchive;
  readonly imageDigest: ImageDigest;
  /** Where the key lies on the owner's machine. */
  readonly keyFile: string;
}
