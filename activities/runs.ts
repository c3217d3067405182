/** A data owner's run: the granted model on the own dataset, and nothing of it left afterwards but the results. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from '../client/private-files.ts';
import { datasetDigest } from '../containers/dataset-digest.ts';
import { unwrapKey } from '../crypto/grants.ts';
import type { ModelKey } from '../crypto/model-key.ts';
import type { HostedArchive } from '../domain/archive.ts';
import { parseContainerConfig } from '../domain/container-config-parser.ts';
import { StrongroomError } from '../domain/errors.ts';
import {
  parseImageDigest,
  parseSha256,
  type BenchmarkName,
  type ContainerRef,
  type DatasetName,
  type Handle,
} from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import { atWork } from './at-work.ts';
import { holdCertificate } from './believed-certificates.ts';
import { clearEngine, requireEngineFor } from './engine.ts';
import { fetchFile, signedIn, type Party, type SignedIn } from './party.ts';
import { scorePredictions } from './scoring.ts';
import { runSealedModel } from './sealed-model.ts';

export interface Run {
  readonly account: Handle;
  readonly container: ContainerRef;
  readonly benchmark: BenchmarkName;
  readonly dataset: DatasetName;
}

export interface RunActivities {
  checkRun(run: Run): Promise<{ readonly archive: HostedArchive }>;
  fetchArchive(fetch: { readonly run: Run; readonly archive: HostedArchive }): Promise<void>;
  runGrantedModel(run: Run): Promise<{ readonly seconds: number }>;
  scoreRun(run: Run): Promise<{ readonly metrics: Metrics; readonly resultsFolder: string }>;
  removeTraces(run: Run): Promise<void>;
}

const workId = ({ account, container, dataset }: Run): string =>
  `run/${account}/${container.owner}/${container.name}/${dataset}`;

export function createRunActivities(party: Party): RunActivities {
  const filesOf = async (run: Run) => {
    const work = await party.home.workFolder(workId(run));
    return {
      work,
      runId: path.basename(work),
      archiveFile: ({ sha256 }: HostedArchive) => path.join(work, `${sha256}.gpg`),
      results: await party.home.runFolder(workId(run)),
      predictions: path.join(await party.home.runFolder(workId(run)), 'predictions'),
    };
  };
  return {
    async checkRun(run) {
      await findUnchangedDataset(party, run);
      const { platform, session } = await signedIn(party);
      const delivery = await fetchGrant({ platform, session }, run);
      const { metrics } = await platform.readBenchmark({ path: { name: run.benchmark } });
      await requireEngineFor([
        parseContainerConfig(delivery.config, `the config of ${run.container.owner}/${run.container.name}`),
        parseContainerConfig(metrics.config, `the metrics container of ${run.benchmark}`),
      ]);
      return { archive: toHosted(delivery) };
    },

    fetchArchive: ({ run, archive }) =>
      atWork('download', async (at) => {
        const { archiveFile } = await filesOf(run);
        await fetchFile(party, await signedIn(party), archive, archiveFile(archive), at);
      }),

    /**
     * Asks for the grant once more, right before the key is used: a revocation in the meantime counts, and where the key
     * was rotated the archive that it opens is fetched, too.
     */
    runGrantedModel: (run) =>
      atWork('verify', async (at) => {
        const { archiveFile, runId, results, predictions } = await filesOf(run);
        const caller = await signedIn(party);
        const folder = await findUnchangedDataset(party, run);
        const delivery = await fetchGrant(caller, run);
        const archive = toHosted(delivery);
        if (!(await isThere(archiveFile(archive)))) await fetchFile(party, caller, archive, archiveFile(archive), at);
        await rm(predictions, { recursive: true, force: true });
        using key = await unwrapDelivered(party, caller, run, delivery);
        const { seconds } = await runSealedModel(
          {
            archiveFile: archiveFile(archive),
            key,
            expected: {
              sha256: archive.sha256,
              size: archive.size,
              plaintextSize: delivery.plaintextSize,
              imageDigest: parseImageDigest(delivery.imageDigest),
            },
            config: parseContainerConfig(delivery.config, `the config of ${run.container.owner}/${run.container.name}`),
            volumes: { data_path: path.join(folder, 'data'), output_path: predictions },
            limits: party.settings.run,
            runId,
            logFile: path.join(results, 'model.log'),
          },
          at,
        );
        return { seconds };
      }),

    scoreRun: (run) =>
      atWork('score', async (at) => {
        const { work, runId, results, predictions } = await filesOf(run);
        const labels = path.join(await findUnchangedDataset(party, run), 'labels');
        const logFile = path.join(results, 'metrics.log');
        const metrics = await scorePredictions(
          party,
          { benchmark: run.benchmark, work, predictions, labels, runId, logFile },
          at,
        );
        return { metrics, resultsFolder: results };
      }),

    async removeTraces(run) {
      const { runId } = await filesOf(run);
      await clearEngine({ runId });
      await party.home.removeWork(workId(run));
    },
  };
}

type Delivery = Awaited<ReturnType<SignedIn['platform']['fetchGrant']>>;

const fetchGrant = ({ platform }: SignedIn, { container, benchmark }: Run): Promise<Delivery> =>
  platform.fetchGrant({ path: container, query: { benchmark } });

const toHosted = ({ archive: { url, sha256, size } }: Delivery): HostedArchive => ({
  url,
  sha256: parseSha256(sha256),
  size,
});

/** Opens the wrapped key for exactly what is about to be run; a grant for anything else does not open. */
async function unwrapDelivered(party: Party, caller: SignedIn, run: Run, delivery: Delivery): Promise<ModelKey> {
  const { session } = caller;
  const identity = await party.home.identity(session);
  const recipientPrivateKey = await party.home.privateKey(session);
  try {
    if (!identity) throw new StrongroomError('E_NO_CERTIFICATE', 'You have no certificate on this machine.');
    await holdCertificate(party, caller, delivery.ownerCertificate);
    return await unwrapKey({
      message: delivery.message,
      binding: {
        container: run.container,
        archive: parseSha256(delivery.archive.sha256),
        benchmark: run.benchmark,
        recipient: identity.fingerprint,
        expiresAt: delivery.binding.expiresAt,
      },
      recipientPrivateKey,
      ownerCertificate: delivery.ownerCertificate.certificate,
      now: new Date(),
    });
  } finally {
    recipientPrivateKey.fill(0);
  }
}

async function findUnchangedDataset(party: Party, { dataset }: Run): Promise<string> {
  const { session } = await signedIn(party);
  const known = (await party.home.datasets(session))[dataset];
  if (!known) {
    throw new StrongroomError('E_DATASET_NOT_FOUND', `There is no dataset "${dataset}" on this machine.`, {
      next: `Run: strongroom dataset register FOLDER --name ${dataset}`,
    });
  }
  const { sha256 } = await datasetDigest(known.folder);
  if (sha256 === known.sha256) return known.folder;
  throw new StrongroomError('E_DATASET_CHANGED', `The dataset "${dataset}" is not as it was registered.`, {
    why: `The files in ${known.folder} have another digest now.`,
    next: 'Put the registered files back, or register the folder under a new name.',
  });
}
