/** A model in a sealed archive, run shut in: nothing of it is released before all of it was verified. */
import { connectDocker } from '../containers/docker.ts';
import { loadImage } from '../containers/image-load.ts';
import { runIsolated } from '../containers/isolated-run.ts';
import type { RunLimits } from '../containers/run-limits.ts';
import { openVerifiedArchive, verifyArchive } from '../crypto/archive-decryption.ts';
import type { ModelKey } from '../crypto/model-key.ts';
import type { ArchiveExpectation } from '../domain/archive.ts';
import type { ContainerConfig } from '../domain/container-config.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { AtWork } from './at-work.ts';
import { collectFunction, inspectPackage } from './function-package.ts';
import { inferByFunction } from './function-tasks.ts';
import { taskOf } from './tasks.ts';

interface SealedRun {
  readonly archiveFile: string;
  readonly key: ModelKey;
  readonly expected: ArchiveExpectation;
  readonly config: ContainerConfig;
  readonly volumes: Readonly<Record<string, string>>;
  readonly limits: RunLimits;
  readonly runId: string;
  readonly logFile: string;
}

/**
 * First pass: digest, integrity, structure of the archive; nothing is released. Second pass: the same bytes go into the
 * container engine, or into a function's sandbox, never to a disk of ours; nothing of them is left there afterwards.
 */
export async function runSealedModel(run: SealedRun, at: AtWork): Promise<{ readonly seconds: number }> {
  const { archiveFile, key, expected } = run;
  const verdict = await checkSealedArchive(archiveFile, key, expected, at);
  const task = taskOf(run.config, 'infer');
  if (run.config.containerType === 'Function') {
    const bundle = await collectFunction(openVerifiedArchive(archiveFile, key, verdict, at));
    return inferByFunction({ bundle, limits: run.limits, signal: at.signal }, run.volumes);
  }
  const docker = await connectDocker();
  const plaintext = openVerifiedArchive(archiveFile, key, verdict, at);
  const image = await loadImage(docker, plaintext, expected.imageDigest, run.runId, { signal: at.signal });
  try {
    return await runIsolated(docker, {
      runId: run.runId,
      image: image.engineId,
      taskName: 'infer',
      task,
      volumes: run.volumes,
      limits: run.limits,
      logFile: run.logFile,
      signal: at.signal,
    });
  } finally {
    await image.remove();
  }
}

/** Checks all that can be checked of an archive without releasing a byte of it. Fails with `E_DIGEST_MISMATCH` and others. */
export async function checkSealedArchive(archiveFile: string, key: ModelKey, expected: ArchiveExpectation, at: AtWork) {
  const verdict = await verifyArchive(archiveFile, key, {
    expectedSha256: expected.sha256,
    maxPlaintextSize: expected.plaintextSize,
    inspect: (plaintext) => inspectPackage(plaintext),
    ...at,
  });
  if (verdict.finding === expected.imageDigest) return verdict;
  throw new StrongroomError('E_DIGEST_MISMATCH', 'The archive holds another image than the one that was registered.', {
    why: `It holds ${verdict.finding}, registered is ${expected.imageDigest}.`,
    next: 'Ask its owner.',
  });
}
