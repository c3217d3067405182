/** The compatibility test: the owner's own hosted archive, on the benchmark's test dataset, scored by its metrics. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { unpackDatasetArchive } from '../containers/dataset-archive.ts';
import { parseContainerConfig } from '../domain/container-config-parser.ts';
import { parseImageDigest, parseSha256, type Sha256 } from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import { associationWorkId, type AssociationSubject } from './association-subject.ts';
import { atWork } from './at-work.ts';
import { openModelKey } from './model-key-files.ts';
import { fetchFile, signedIn, type Party } from './party.ts';
import { scorePredictions } from './scoring.ts';
import { runSealedModel } from './sealed-model.ts';

export interface CompatibilityActivities {
  fetchTestDataset(subject: AssociationSubject): Promise<{ readonly sha256: Sha256 }>;
  testModel(subject: AssociationSubject): Promise<{ readonly seconds: number }>;
  scoreTest(subject: AssociationSubject): Promise<Metrics>;
}

export function createCompatibilityActivities(party: Party): CompatibilityActivities {
  const filesOf = async (subject: AssociationSubject) => {
    const work = await party.home.workFolder(associationWorkId(subject));
    return {
      work,
      dataset: path.join(work, 'test-dataset'),
      predictions: path.join(work, 'predictions'),
      logs: await party.home.runFolder(associationWorkId(subject)),
    };
  };
  return {
    fetchTestDataset: (subject) =>
      atWork('download', async (at) => {
        const { work, dataset } = await filesOf(subject);
        const caller = await signedIn(party);
        const { testDataset } = await caller.platform.readBenchmark({ path: { name: subject.benchmark } });
        const sha256 = parseSha256(testDataset.sha256);
        const archive = path.join(work, 'test-dataset.tar');
        await fetchFile(party, caller, { url: testDataset.url, sha256, size: testDataset.size }, archive, at);
        await rm(dataset, { recursive: true, force: true });
        await unpackDatasetArchive(archive, dataset);
        return { sha256 };
      }),

    testModel: (subject) =>
      atWork('download', async (at) => {
        const { work, dataset, predictions, logs } = await filesOf(subject);
        const caller = await signedIn(party);
        const { account: owner, name } = subject;
        const container = await caller.platform.readContainer({ path: { owner, name } });
        const { url, size } = container.archive;
        const sha256 = parseSha256(container.archive.sha256);
        const archiveFile = path.join(work, 'archive.gpg');
        await fetchFile(party, caller, { url, sha256, size }, archiveFile, at);
        await rm(predictions, { recursive: true, force: true });
        using key = await openModelKey(party.home.modelKeyFile(caller.session, name), sha256);
        const { plaintextSize } = container;
        const { seconds } = await runSealedModel(
          {
            archiveFile,
            key,
            expected: { sha256, size, plaintextSize, imageDigest: parseImageDigest(container.imageDigest) },
            config: parseContainerConfig(container.config, `the config of ${name}`),
            volumes: { data_path: path.join(dataset, 'data'), output_path: predictions },
            limits: party.settings.run,
            runId: path.basename(work),
            logFile: path.join(logs, 'model.log'),
          },
          at,
        );
        return { seconds };
      }),

    scoreTest: (subject) =>
      atWork('score', async (at) => {
        const { work, dataset, predictions, logs } = await filesOf(subject);
        const labels = path.join(dataset, 'labels');
        const logFile = path.join(logs, 'metrics.log');
        const { benchmark } = subject;
        return scorePredictions(
          party,
          { benchmark, work, predictions, labels, runId: path.basename(work), logFile },
          at,
        );
      }),
  };
}
