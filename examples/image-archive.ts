/**
 * Makes an image `FROM scratch` without a builder: the archive that `docker save` would write of it, straight from files.
 * The same files always make the same image, bit by bit, so its digest says what is in it.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import type { Pack } from 'tar-stream';
import { asError } from '../containers/failure.ts';
import type { ImageDigest } from '../domain/ids.ts';
import { parseImageDigest } from '../domain/ids.ts';

export interface ImageFile {
  /** Absolute path in the image. */
  readonly path: string;
  /** A file of this machine, or the content itself. */
  readonly from: string | Buffer;
  readonly mode: number;
}

export type ImageLayer = readonly ImageFile[];

/** Settings of an image, in Docker's own words: `Entrypoint`, `Env`, `User`, `WorkingDir` and so on. */
export type ImageSettings = Readonly<Record<string, unknown>>;

export interface ImageArchive {
  readonly imageDigest: ImageDigest;
  /** The archive, made while it is read. */
  readonly stream: Readable;
}

/** The archive of an image with these layers, the lowest first, under `name`; without a name it has no tag. */
export async function imageArchive(
  layers: readonly ImageLayer[],
  settings: ImageSettings,
  name?: string,
): Promise<ImageArchive> {
  const measured: MeasuredLayer[] = [];
  for (const files of layers) measured.push({ files, ...(await measure(layerTar(files))) });
  const config = Buffer.from(JSON.stringify(imageConfig(measured, settings)));
  const digest = createHash('sha256').update(config).digest('hex');
  const archive = pack();
  writeArchive(archive, measured, config, digest, name).catch((error: unknown) => {
    archive.destroy(asError(error));
  });
  return { imageDigest: parseImageDigest(`sha256:${digest}`), stream: asReadable(archive) };
}

interface MeasuredLayer {
  readonly files: ImageLayer;
  readonly sha256: string;
  readonly size: number;
}

const asReadable = (archive: Pack): Readable => Readable.from(archive as AsyncIterable<Buffer>, { objectMode: false });

async function measure(tar: Readable): Promise<{ sha256: string; size: number }> {
  const hash: Hash = createHash('sha256');
  let size = 0;
  for await (const chunk of tar as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: hash.digest('hex'), size };
}

const imageConfig = (layers: readonly MeasuredLayer[], settings: ImageSettings) => ({
  architecture: process.arch === 'x64' ? 'amd64' : process.arch,
  os: 'linux',
  created: '2026-01-01T00:00:00Z',
  config: settings,
  rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer.sha256}`) },
});

async function writeArchive(
  archive: Pack,
  layers: readonly MeasuredLayer[],
  config: Buffer,
  digest: string,
  name: string | undefined,
): Promise<void> {
  const layerName = (layer: MeasuredLayer) => `${layer.sha256}/layer.tar`;
  for (const layer of layers) {
    await addStream(archive, plainHeader(layerName(layer), 0o644, layer.size), layerTar(layer.files));
  }
  const tags = name === undefined ? null : [name];
  const manifest = [{ Config: `${digest}.json`, RepoTags: tags, Layers: layers.map(layerName) }];
  archive.entry(plainHeader(`${digest}.json`, 0o644, config.length), config);
  archive.entry({ name: 'manifest.json', mtime: EPOCH }, JSON.stringify(manifest));
  archive.finalize();
}

const EPOCH = new Date(0);
const plainHeader = (name: string, mode: number, size: number) => ({ name, mode, size, mtime: EPOCH });

async function addStream(archive: Pack, header: ReturnType<typeof plainHeader>, content: Readable): Promise<void> {
  await pipeline(content, archive.entry(header) as unknown as NodeJS.WritableStream);
}

/** The tar of one layer: its folders and files in order, all of them root's. */
function layerTar(files: ImageLayer): Readable {
  const tar = pack();
  writeLayer(tar, files).catch((error: unknown) => {
    tar.destroy(asError(error));
  });
  return asReadable(tar);
}

async function writeLayer(tar: Pack, files: ImageLayer): Promise<void> {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const folder of foldersOf(sorted)) tar.entry({ name: folder, type: 'directory', mode: 0o755, mtime: EPOCH });
  for (const { path, from, mode } of sorted) {
    const name = path.slice(1);
    if (Buffer.isBuffer(from)) tar.entry(plainHeader(name, mode, from.length), from);
    else await addStream(tar, plainHeader(name, mode, (await stat(from)).size), createReadStream(from, BIG_READS));
  }
  tar.finalize();
}

const BIG_READS = { highWaterMark: 1024 * 1024 };

function foldersOf(files: ImageLayer): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.slice(1).split('/');
    for (let depth = 1; depth < parts.length; depth += 1) folders.add(parts.slice(0, depth).join('/'));
  }
  return [...folders].sort();
}
