/**
 * The structure of an image archive (what `docker save` writes, in its classic and in its OCI layout), checked while it
 * streams by and before any of it reaches Docker. Nothing is unpacked to disk.
 */
import { createHash } from 'node:crypto';
import type { ImageDigest } from '../domain/ids.ts';
import { parseImageDigest } from '../domain/ids.ts';
import { collectArchive } from './archive-contents.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { parseManifest } from './archive-manifest.ts';
import type { ArchiveManifest } from './archive-manifest.ts';
import { refuseSeveralImages } from './archive-oci-index.ts';
import { hostile, quoteName } from './hostile-archive.ts';
import { parseImageConfig } from './image-config.ts';

export interface ArchiveLimits {
  /** Bytes of the archive. */
  readonly archiveBytes: number;
  /** Bytes of its layers when they are unpacked. */
  readonly unpackedBytes: number;
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = { archiveBytes: 64 * 2 ** 30, unpackedBytes: 128 * 2 ** 30 };

export interface InspectedLayer {
  /** SHA-256 of the unpacked layer, `sha256:` and 64 digits. */
  readonly diffId: string;
  /** Bytes of the unpacked layer. */
  readonly size: number;
}

export interface InspectedArchive {
  /** SHA-256 of the image's configuration, which fixes every layer and setting of it. */
  readonly imageDigest: ImageDigest;
  /** The lowest layer first. */
  readonly layers: readonly InspectedLayer[];
  /** Bytes of the archive. */
  readonly totalSize: number;
}

/**
 * Reads the archive to its end and answers what it holds. Fails with `E_NOT_AN_ARCHIVE` where it is no tar archive, and
 * with `E_HOSTILE_ARCHIVE`, naming the rule, where it is not one that `docker save` makes of one image.
 */
export async function inspectImageArchive(
  archive: AsyncIterable<Buffer>,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): Promise<InspectedArchive> {
  const contents = await collectArchive(archive, limits);
  const { imageDigest, layers } = checkContents(contents);
  return { imageDigest, layers, totalSize: contents.totalSize };
}

interface CheckedContents extends Pick<InspectedArchive, 'imageDigest' | 'layers'> {
  readonly manifest: ArchiveManifest;
}

/** Checks that the parts of an archive fit together. Fails with `E_HOSTILE_ARCHIVE`. */
export function checkContents(contents: ArchiveContents): CheckedContents {
  const manifest = parseManifest(contents);
  const imageDigest = checkConfigDigest(manifest);
  refuseSeveralImages(contents, imageDigest);
  const { diffIds } = parseImageConfig(manifest.config, (problem) => hostile('image-config', problem));
  return { imageDigest, layers: checkLayers(contents, manifest, diffIds), manifest };
}

/** The digest of an image's configuration; its file must be named by it. */
function checkConfigDigest(manifest: ArchiveManifest): ImageDigest {
  const digest = createHash('sha256').update(manifest.config).digest('hex');
  if (!manifest.configName.includes(digest)) {
    throw hostile('config-digest', `The configuration ${quoteName(manifest.configName)} has the SHA-256 ${digest}.`);
  }
  return parseImageDigest(`sha256:${digest}`);
}

function checkLayers(
  contents: ArchiveContents,
  manifest: ArchiveManifest,
  diffIds: readonly string[],
): InspectedLayer[] {
  if (manifest.layers.length !== diffIds.length) {
    const what = `manifest.json lists ${manifest.layers.length} layers, the configuration ${diffIds.length}.`;
    throw hostile('layers', what);
  }
  for (const name of contents.layers.keys()) {
    if (!manifest.layers.includes(name))
      throw hostile('layers', `The image does not list the layer ${quoteName(name)}.`);
  }
  return manifest.layers.map((name, index) => {
    const layer = contents.layers.get(name);
    if (!layer) throw hostile('layers', `The layer ${quoteName(name)} is missing.`);
    if (layer.diffId !== diffIds[index]) {
      throw hostile('layer-digest', `The layer ${quoteName(name)} is not the one that the configuration lists.`);
    }
    return { diffId: layer.diffId, size: layer.size };
  });
}
