/** `manifest.json` of an image archive: which file is the configuration, and which are the layers, in order. */
import type { ArchiveContents } from './archive-contents.ts';
import { hostile, quoteName } from './hostile-archive.ts';
import { isObject } from './image-config.ts';

export interface ArchiveManifest {
  readonly configName: string;
  readonly config: Buffer;
  /** Names of the layers' files, the lowest layer first; links are followed. */
  readonly layers: readonly string[];
}

/** Reads the manifest of an archive with exactly one image. */
export function parseManifest(contents: ArchiveContents): ArchiveManifest {
  const bytes = contents.metadata.get('manifest.json');
  if (!bytes) throw hostile('manifest', 'The archive has no manifest.json.');
  const images = parseJson(bytes, 'manifest.json');
  if (!Array.isArray(images)) throw hostile('manifest', 'manifest.json is not a list.');
  if (images.length !== 1) throw hostile('one-image', `The archive holds ${images.length} images.`);
  const image: unknown = images[0];
  if (!isObject(image) || typeof image.Config !== 'string' || !isNames(image.Layers)) {
    throw hostile('manifest', 'manifest.json does not name a configuration and layers.');
  }
  const config = contents.metadata.get(image.Config);
  if (!config) throw hostile('manifest', `The configuration ${quoteName(image.Config)} is missing.`);
  const layers = image.Layers.map((name) => contents.links.get(name) ?? name);
  return { configName: image.Config, config, layers };
}

/** Parses a JSON file of the archive. */
export function parseJson(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw hostile('manifest', `${name} is not JSON.`);
  }
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length <= 127 && value.every((name) => typeof name === 'string');
