/** Publication of a benchmark by a member of its committee. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { uploadBlob } from '../client/upload.ts';
import { unpackDatasetArchive } from '../containers/dataset-archive.ts';
import { connectDocker } from '../containers/docker.ts';
import { exportImage } from '../containers/image-export.ts';
import type { GivenPolicies, GivenPolicy } from '../domain/approval-policy.ts';
import { parseContainerConfig } from '../domain/container-config-parser.ts';
import { StrongroomError } from '../domain/errors.ts';
import { parseSha256, type BenchmarkName, type Handle, type ImageDigest, type Sha256 } from '../domain/ids.ts';
import { atWork, type AtWork } from './at-work.ts';
import { requireEngine } from './engine.ts';
import { inspectPackage, openFunction } from './function-package.ts';
import { signedIn, type Party } from './party.ts';
import { taskOf } from './tasks.ts';

export interface Publication {
  readonly name: BenchmarkName;
  readonly description: string;
  readonly testDatasetFile: string;
  readonly metricsConfigText: string;
  readonly metricsConfigFolder: string;
  readonly members: readonly Handle[];
  readonly quorum: number;
  readonly approvalDays: number;
  readonly reminderHours: number;
  readonly policies?: GivenPolicies;
}

interface StoredBlob {
  readonly sha256: Sha256;
  readonly size: number;
}

interface StoredMetrics {
  readonly archive: StoredBlob;
  readonly imageDigest: ImageDigest;
}

export interface BenchmarkActivities {
  checkBenchmark(publication: Publication): Promise<void>;
  uploadTestDataset(publication: Publication): Promise<StoredBlob>;
  uploadMetricsContainer(publication: Publication): Promise<StoredMetrics>;
  createBenchmark(parts: {
    readonly publication: Publication;
    readonly testDataset: StoredBlob;
    readonly metrics: StoredMetrics;
  }): Promise<void>;
  discardBenchmarkWork(name: BenchmarkName): Promise<void>;
}

const workId = (name: BenchmarkName): string => `benchmark/${name}`;

export function createBenchmarkActivities(party: Party): BenchmarkActivities {
  return {
    async checkBenchmark({ metricsConfigText, testDatasetFile }) {
      const config = parseMetricsConfig(metricsConfigText);
      taskOf(config, 'evaluate');
      await fileSize(testDatasetFile);
      await signedIn(party);
      if (config.containerType === 'DockerImage') await requireEngine();
    },

    uploadTestDataset: ({ name, testDatasetFile }) =>
      atWork('upload', async (at) => {
        const work = await party.home.workFolder(workId(name));
        const copy = path.join(work, 'test-dataset.tar');
        await copyFile(testDatasetFile, copy);
        const unpacked = path.join(work, 'unpacked');
        await rm(unpacked, { recursive: true, force: true });
        await unpackDatasetArchive(copy, unpacked);
        return upload(party, copy, at);
      }),

    uploadMetricsContainer: ({ name, metricsConfigText, metricsConfigFolder }) =>
      atWork('export', async (at) => {
        const work = await party.home.workFolder(workId(name));
        const archive = path.join(work, 'metrics.tar');
        const config = parseMetricsConfig(metricsConfigText);
        if (config.containerType === 'DockerImage') {
          const image = await exportImage(await connectDocker(), config.image, { signal: at.signal });
          await pipeline(image.stream, createWriteStream(archive, { mode: 0o600 }), { signal: at.signal });
        } else if (config.containerType === 'Function') {
          const { stream } = await openFunction(path.resolve(metricsConfigFolder, config.image), at);
          await pipeline(stream, createWriteStream(archive, { mode: 0o600 }), { signal: at.signal });
        } else {
          await copyFile(path.resolve(metricsConfigFolder, config.image), archive);
        }
        const imageDigest = await inspectPackage(createReadStream(archive));
        return { archive: await upload(party, archive, at), imageDigest };
      }),

    async createBenchmark({ publication, testDataset, metrics }) {
      const { platform } = await signedIn(party);
      const { name, description, members, quorum, approvalDays, reminderHours, metricsConfigText, policies } =
        publication;
      await platform.createBenchmark({
        body: {
          name,
          description,
          testDataset: { ...testDataset },
          metrics: { config: metricsConfigText, archive: { ...metrics.archive }, imageDigest: metrics.imageDigest },
          members: [...members],
          quorum,
          approvalDays,
          reminderHours,
          policies: toPolicies(policies),
        },
      });
    },

    async discardBenchmarkWork(name) {
      await party.home.removeWork(workId(name));
    },
  };
}

function toPolicies({ container, dataset }: GivenPolicies = {}) {
  const sent = ({ approves, addresses }: GivenPolicy) => ({
    approves,
    ...(addresses && { addresses: [...addresses] }),
  });
  return { ...(container && { container: sent(container) }), ...(dataset && { dataset: sent(dataset) }) };
}

/** A metrics container is public: its archive is hosted as it is. */
function parseMetricsConfig(text: string) {
  const config = parseContainerConfig(text, 'of the metrics');
  if (config.containerType !== 'EncryptedDockerArchive') return config;
  throw new StrongroomError('E_CONTAINER_CONFIG', 'A metrics container cannot be encrypted.', {
    why: 'Every data owner runs it without a key.',
    next: 'Use container_type DockerImage, DockerArchive or Function.',
  });
}

async function upload(party: Party, file: string, at: AtWork): Promise<StoredBlob> {
  const { session, platform } = await signedIn(party);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const blob = { sha256: parseSha256(hash.digest('hex')), size: await fileSize(file) };
  await uploadBlob({ apiUrl: session.apiUrl, headers: platform.headersFor(session.apiUrl), file, ...blob, ...at });
  return blob;
}

async function fileSize(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw new StrongroomError('E_FILE_NOT_FOUND', `There is no file ${file}.`, { cause: error });
  });
  return found.size;
}
