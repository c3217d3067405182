/** Loading of an image that came from someone else, under a name of our own that is removed with it. */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { parseImageDigest } from '../domain/ids.ts';
import { readLoadAnswer, rewriteArchive } from './archive-rewrite.ts';
import { DEFAULT_ARCHIVE_LIMITS } from './archive-structure.ts';
import type { ArchiveLimits } from './archive-structure.ts';
import { dockerFailure, ignoreMissing, keepsImagesInContainerd } from './docker.ts';
import { asError, statusOf } from './failure.ts';
import { ownImageName } from './own-names.ts';

export interface LoadedImage {
  /** SHA-256 of the image's configuration: what was expected, and what the archive held. */
  readonly imageDigest: ImageDigest;
  /** What this engine calls the image, and what containers are made from. Equal to `imageDigest` but for newer stores. */
  readonly engineId: ImageDigest;
  readonly name: string;
  /** Takes our name away, and with it the image unless it is known by another name. Can be called again. */
  remove(): Promise<void>;
}

export interface LoadOptions {
  readonly limits?: ArchiveLimits;
  readonly signal?: AbortSignal;
}

/**
 * Loads the image `expected` out of `archive`, whose structure is checked as `inspectImageArchive` does. Nothing of the
 * archive's own tags reaches the engine, and nothing is loaded unless all of it is as it should be. An image that is here already is not loaded again, only named, and its
 * owner's names for it stay. On failure nothing of ours is left. Fails with `E_DIGEST_MISMATCH`,
 * `E_HOSTILE_ARCHIVE`, `E_NO_SPACE` or `E_DOCKER_UNAVAILABLE`.
 */
export async function loadImage(
  docker: Docker,
  archive: Readable,
  expected: ImageDigest,
  runId: string,
  options: LoadOptions = {},
): Promise<LoadedImage> {
  const name = ownImageName(runId);
  const remove = () => ignoreMissing(docker.getImage(name).remove());
  try {
    const here = await inspect(docker, expected);
    if (here) {
      archive.destroy();
      return await nameImage(docker, expected, name, here.names);
    }
    await sendArchive(docker, archive, expected, name, options);
    const engineId = await expectLoaded(docker, expected, name);
    return { imageDigest: expected, engineId, name, remove };
  } catch (error) {
    archive.destroy();
    await remove().catch(() => undefined);
    if (options.signal?.aborted)
      throw new StrongroomError('E_INTERRUPTED', 'The load was interrupted.', { cause: error });
    throw dockerFailure(error, 'The image could not be loaded.');
  }
}

interface PresentImage {
  readonly id: ImageDigest;
  readonly names: readonly string[];
}

async function inspect(docker: Docker, image: string): Promise<PresentImage | null> {
  try {
    const found = await docker.getImage(image).inspect();
    // Some engines answer null where an image has no name.
    const names = found.RepoTags as string[] | null;
    return { id: parseImageDigest(found.Id), names: names ?? [] };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

/** An image without any name would go with the first name that is taken from it; it is used as it is. */
async function nameImage(
  docker: Docker,
  digest: ImageDigest,
  name: string,
  names: readonly string[],
): Promise<LoadedImage> {
  if (names.length === 0) return { imageDigest: digest, engineId: digest, name: digest, remove: async () => undefined };
  const [repo = name, tag = 'latest'] = name.split(':');
  await docker.getImage(digest).tag({ repo, tag });
  const remove = () => ignoreMissing(docker.getImage(name).remove());
  return { imageDigest: digest, engineId: digest, name, remove };
}

const REASON_WITHIN_MS = 500;

async function sendArchive(
  docker: Docker,
  archive: Readable,
  expected: ImageDigest,
  name: string,
  { signal, limits = DEFAULT_ARCHIVE_LIMITS }: LoadOptions,
): Promise<void> {
  const { stream, finished } = rewriteArchive(archive, expected, name, limits);
  try {
    const answer = await docker.loadImage(stream, { quiet: true, ...(signal && { abortSignal: signal }) });
    await readLoadAnswer(answer as AsyncIterable<Buffer>);
  } catch (error) {
    archive.destroy();
    stream.destroy();
    // Why the archive broke off says more than the engine's complaint that it did; a source that hangs never says it.
    const told = finished.catch((failure: unknown) => failure);
    const reason: unknown = await Promise.race([told, sleep(REASON_WITHIN_MS, undefined, { ref: false })]);
    throw reason instanceof StrongroomError ? reason : asError(error);
  }
}

async function expectLoaded(docker: Docker, expected: ImageDigest, name: string): Promise<ImageDigest> {
  const loaded = await inspect(docker, name);
  // Where images are named by their manifest, the configuration's digest was checked on the way in.
  if (loaded && (loaded.id === expected || (await keepsImagesInContainerd(docker)))) return loaded.id;
  throw new StrongroomError('E_DIGEST_MISMATCH', 'Docker Engine loaded another image than the registered one.', {
    why: `It loaded ${loaded?.id ?? 'none'}; registered is ${expected}.`,
  });
}
