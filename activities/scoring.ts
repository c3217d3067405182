/** Scores: the benchmark's metrics container compares predictions with labels. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { connectDocker } from '../containers/docker.ts';
import { loadImage } from '../containers/image-load.ts';
import { runIsolated } from '../containers/isolated-run.ts';
import { readResults } from '../containers/results-file.ts';
import { parseContainerConfig } from '../domain/container-config-parser.ts';
import { parseImageDigest, parseSha256, type BenchmarkName } from '../domain/ids.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { AtWork } from './at-work.ts';
import { collectFunction } from './function-package.ts';
import { evaluateByFunction } from './function-tasks.ts';
import { fetchFile, signedIn, type Party } from './party.ts';
import { taskOf } from './tasks.ts';

interface Scoring {
  readonly benchmark: BenchmarkName;
  /** Private folder of the story at work. */
  readonly work: string;
  readonly predictions: string;
  readonly labels: string;
  readonly runId: string;
  readonly logFile: string;
}

/** Fetches the metrics container, checks it, runs it shut in, and reads its results. */
export async function scorePredictions(party: Party, scoring: Scoring, at: AtWork): Promise<Metrics> {
  const caller = await signedIn(party);
  const { metrics } = await caller.platform.readBenchmark({ path: { name: scoring.benchmark } });
  const archiveFile = path.join(scoring.work, 'metrics.tar');
  const { url, sha256, size } = metrics.archive;
  await fetchFile(party, caller, { url, sha256: parseSha256(sha256), size }, archiveFile, at);
  const config = parseContainerConfig(metrics.config, `the metrics container of ${scoring.benchmark}`);
  const results = path.join(scoring.work, 'results.yaml');
  const localOutputs = path.join(scoring.work, 'local-outputs');
  await Promise.all([results, localOutputs].map((leftover) => rm(leftover, { recursive: true, force: true })));
  const imageDigest = parseImageDigest(metrics.imageDigest);
  const { predictions, labels } = scoring;
  if (config.containerType === 'Function') {
    const bundle = await collectFunction(createReadStream(archiveFile), imageDigest);
    const run = { bundle, limits: party.settings.run, signal: at.signal };
    await evaluateByFunction(run, { predictions, labels, output_path: results });
    return readResults(results);
  }
  const docker = await connectDocker();
  const image = await loadImage(docker, createReadStream(archiveFile), imageDigest, scoring.runId, {
    signal: at.signal,
  });
  try {
    await runIsolated(docker, {
      runId: scoring.runId,
      image: image.engineId,
      taskName: 'evaluate',
      task: taskOf(config, 'evaluate'),
      volumes: {
        predictions,
        labels,
        output_path: results,
        local_outputs_path: localOutputs,
      },
      limits: party.settings.run,
      logFile: scoring.logFile,
      signal: at.signal,
    });
  } finally {
    await image.remove();
  }
  return readResults(results);
}
