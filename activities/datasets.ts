/** Datasets: digested where they lie; only name, digest and size become known to the platform. */
import { realpath } from 'node:fs/promises';
import { datasetDigest, type DatasetDigest } from '../containers/dataset-digest.ts';
import type { DatasetName } from '../domain/ids.ts';
import { atWork } from './at-work.ts';
import { signedIn, type Party } from './party.ts';

export interface DatasetRegistration {
  readonly name: DatasetName;
  readonly folder: string;
  readonly description: string;
  readonly digest: DatasetDigest;
}

export interface DatasetActivities {
  digestDataset(folder: string): Promise<DatasetDigest>;
  registerDataset(registration: DatasetRegistration): Promise<void>;
}

export function createDatasetActivities(party: Party): DatasetActivities {
  return {
    digestDataset: (folder) => atWork('digest', ({ signal }) => datasetDigest(folder, { signal })),

    async registerDataset({ name, folder, description, digest }) {
      const { session, platform } = await signedIn(party);
      const { sha256, size, files } = digest;
      await platform.registerDataset({ body: { name, sha256, size, files, description } });
      await party.home.saveDataset(session, name, { folder: await realpath(folder), sha256 });
    },
  };
}
