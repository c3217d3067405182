/** The configuration of an image that came from someone else: what of it we read, and what in it we refuse. */
import type { StrongroomError } from '../domain/errors.ts';

export interface ImageConfig {
  /** SHA-256 of each unpacked layer, `sha256:` and 64 digits, the lowest layer first. */
  readonly diffIds: readonly string[];
}

const MAX_LAYERS = 127;
const MAX_HISTORY = 2_000;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Parses the bytes of an image's configuration. Fails as `refuse` says. */
export function parseImageConfig(bytes: Buffer, refuse: (problem: string) => StrongroomError): ImageConfig {
  const config = parseObject(bytes, refuse);
  const rootfs = config.rootfs;
  if (!isObject(rootfs) || rootfs.type !== 'layers' || !Array.isArray(rootfs.diff_ids)) {
    throw refuse('The configuration of the image does not list its layers.');
  }
  const diffIds = rootfs.diff_ids as unknown[];
  if (diffIds.length === 0 || diffIds.length > MAX_LAYERS) {
    throw refuse(`The image has ${diffIds.length} layers; 1 to ${MAX_LAYERS} are allowed.`);
  }
  if (!diffIds.every((id): id is string => typeof id === 'string' && DIGEST.test(id))) {
    throw refuse('The configuration of the image holds a layer digest that is none.');
  }
  if (config.os !== 'linux') throw refuse('The image is not for Linux.');
  if (Array.isArray(config.history) && config.history.length > MAX_HISTORY) {
    throw refuse(`The image has a history of ${config.history.length} steps; ${MAX_HISTORY} are allowed.`);
  }
  refuseDangerousPaths(config.config, refuse);
  return { diffIds };
}

function parseObject(bytes: Buffer, refuse: (problem: string) => StrongroomError): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(bytes.toString('utf8'));
    if (isObject(config)) return config;
  } catch {
    // Told below, together with JSON of the wrong shape.
  }
  throw refuse('The configuration of the image is not a JSON object.');
}

function refuseDangerousPaths(settings: unknown, refuse: (problem: string) => StrongroomError): void {
  if (!isObject(settings)) return;
  const folder = settings.WorkingDir;
  if (folder !== undefined && folder !== null && folder !== '' && !isPlainContainerPath(folder)) {
    throw refuse('The working folder of the image lies outside its own files.');
  }
  const volumes = isObject(settings.Volumes) ? Object.keys(settings.Volumes) : [];
  if (!volumes.every((path) => path !== '/' && isPlainContainerPath(path))) {
    throw refuse('A volume of the image lies outside its own files.');
  }
}

/**
 * Whether a path of an image is an ordinary one. A working folder under /proc/self/fd was a way out of the container
 * (CVE-2024-21626), and old engines are still in use.
 */
export const isPlainContainerPath = (path: unknown): path is string =>
  typeof path === 'string' &&
  path.startsWith('/') &&
  !/^\/*(?:proc|sys|dev)(?:\/|$)/.test(path) &&
  !path.split('/').includes('..');

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
