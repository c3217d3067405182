/** Registration of a dataset: its name, digest and size become known; the data never leaves its owner's machine. */
import type { DatasetName, Handle, Sha256 } from '../../domain/ids.ts';

export const REGISTER_DATASET = 'registerDataset';
export const registerDatasetWorkflowId = (account: Handle, name: DatasetName): string => `dataset/${account}/${name}`;

export interface RegisterDatasetInput {
  readonly account: Handle;
  readonly name: DatasetName;
  /** Absolute path on the data owner's machine, with the folders `data` and `labels`. */
  readonly folder: string;
  readonly description: string;
}

export interface RegisterDatasetResult {
  readonly name: DatasetName;
  /** Digest of the canonical manifest of the folder. */
  readonly sha256: Sha256;
  readonly size: number;
  readonly files: number;
}
