/** Export of a local image as the archive that `docker save` makes, streamed. */
import { addAbortSignal, pipeline, Readable, Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import type Docker from 'dockerode';
import { isImageName } from '../domain/container-config-image.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { parseImageDigest } from '../domain/ids.ts';
import { inspectImageArchive } from './archive-structure.ts';
import { dockerFailure, keepsImagesInContainerd } from './docker.ts';
import { statusOf } from './failure.ts';

export interface ImageExport {
  /** The archive. It fails where the engine stops before its end, and when `signal` fires. */
  readonly stream: Readable;
  readonly imageDigest: ImageDigest;
  /** Bytes, roughly: what the engine says the image takes. For progress bars only. */
  readonly sizeEstimate: number;
}

export interface ExportOptions {
  readonly signal?: AbortSignal;
}

/**
 * Exports `imageName`. The image is asked for by its digest, so the archive holds no tag and a tag that moves meanwhile
 * changes nothing. Fails with `E_IMAGE_NOT_FOUND` or `E_DOCKER_UNAVAILABLE`.
 */
export async function exportImage(
  docker: Docker,
  imageName: string,
  options: ExportOptions = {},
): Promise<ImageExport> {
  const image = await findImage(docker, imageName);
  const open = async () => completeArchive(await openExport(docker, image.id), options.signal);
  const namedByManifest = await keepsImagesInContainerd(docker);
  const imageDigest = namedByManifest ? (await inspectImageArchive(await open())).imageDigest : image.id;
  return { stream: await open(), imageDigest, sizeEstimate: image.size };
}

interface FoundImage {
  /** What the engine calls the image. */
  readonly id: ImageDigest;
  readonly size: number;
}

async function findImage(docker: Docker, imageName: string): Promise<FoundImage> {
  if (!isImageName(imageName)) throw imageNotFound(imageName, 'That is not the name of an image.');
  try {
    const found = await docker.getImage(imageName).inspect();
    return { id: parseImageDigest(found.Id), size: found.Size };
  } catch (error) {
    if (statusOf(error) === 404) throw imageNotFound(imageName, 'Docker Engine has no such image.');
    throw dockerFailure(error, `The image ${imageName} could not be looked up.`);
  }
}

const imageNotFound = (name: string, why: string) =>
  new StrongroomError('E_IMAGE_NOT_FOUND', `There is no image ${JSON.stringify(name)}.`, {
    why,
    next: 'Build or pull it first; "docker images" lists what is there.',
  });

async function openExport(docker: Docker, id: ImageDigest): Promise<Readable> {
  try {
    const stream = await docker.getImage(id).get();
    return stream instanceof Readable ? stream : new Readable().wrap(stream);
  } catch (error) {
    throw dockerFailure(error, 'The image could not be exported.');
  }
}

const END_OF_ARCHIVE = 1024;

/**
 * Passes the archive on and checks that it has its end. An engine that fails in the middle writes its error message into
 * the stream and ends it like a good one; a tar archive ends with 1,024 zero bytes.
 */
function completeArchive(source: Readable, signal?: AbortSignal): Readable {
  let tail = Buffer.alloc(0);
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      tail = Buffer.concat([tail, chunk.subarray(-END_OF_ARCHIVE)]).subarray(-END_OF_ARCHIVE);
      done(null, chunk);
    },
    flush(done: TransformCallback) {
      const complete = tail.length === END_OF_ARCHIVE && tail.every((byte) => byte === 0);
      done(
        complete
          ? null
          : new StrongroomError('E_TRUNCATED', 'Docker Engine broke the export off.', { next: 'Try again.' }),
      );
    },
  });
  // Whoever reads the stream gets the error; the callback only keeps it from being thrown a second time.
  pipeline(source, check, () => undefined);
  return signal ? addAbortSignal(signal, check) : check;
}
