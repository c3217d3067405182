/** `index.json` of an archive in OCI layout. Newer engines write it beside manifest.json; the two must agree. */
import type { ImageDigest } from '../domain/ids.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { parseJson } from './archive-manifest.ts';
import { hostile } from './hostile-archive.ts';
import { isObject } from './image-config.ts';

const MAX_DESCRIPTORS = 64;
const MAX_DEPTH = 3;

/** Fails where `index.json` leads to another image than `expected`, for instance to one for another platform. */
export function refuseSeveralImages(contents: ArchiveContents, expected: ImageDigest): void {
  const bytes = contents.metadata.get('index.json');
  if (!bytes) return;
  for (const config of imagesOf(contents, parseJson(bytes, 'index.json'), MAX_DEPTH)) {
    if (config !== expected) throw hostile('one-image', `index.json leads to a second image, ${config}.`);
  }
}

/** Digests of the configurations of all images that `index` leads to, as far as they are in the archive. */
function* imagesOf(contents: ArchiveContents, index: unknown, depth: number): Generator<string> {
  const descriptors = isObject(index) ? index.manifests : undefined;
  if (!Array.isArray(descriptors) || descriptors.length > MAX_DESCRIPTORS || depth === 0) {
    throw hostile('manifest', 'An index in the archive is not a short list of images.');
  }
  for (const descriptor of descriptors as unknown[]) {
    if (!isObject(descriptor) || typeof descriptor.digest !== 'string') {
      throw hostile('manifest', 'An index in the archive names an image without a digest.');
    }
    // A build's attestations look like images, but no engine runs them.
    if (isAttestation(descriptor.annotations)) continue;
    const name = `blobs/${descriptor.digest.replace(':', '/')}`;
    const bytes = contents.metadata.get(name);
    if (bytes) yield* imageOrIndex(contents, parseJson(bytes, name), depth);
  }
}

function* imageOrIndex(contents: ArchiveContents, manifest: unknown, depth: number): Generator<string> {
  if (isObject(manifest) && 'manifests' in manifest) {
    yield* imagesOf(contents, manifest, depth - 1);
    return;
  }
  const config = isObject(manifest) && isObject(manifest.config) ? manifest.config.digest : undefined;
  if (typeof config !== 'string') throw hostile('manifest', 'A manifest in the archive names no configuration.');
  yield config;
}

const isAttestation = (annotations: unknown): boolean =>
  isObject(annotations) && annotations['vnd.docker.reference.type'] === 'attestation-manifest';
