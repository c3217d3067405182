/** Where a submission keeps its files until the container is registered. */
import type { ContainerName } from '../domain/ids.ts';

export const submissionWorkId = (name: ContainerName): string => `container/${name}`;

/** A key counts only once its archive is registered: until then it bears this name, so no registered key is ever replaced. */
export const pendingKeyFile = (keyFile: string): string => `${keyFile}.pending`;
