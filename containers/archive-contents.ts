/** Collects what an image archive holds: its small JSON files in memory, of each layer only the digests. */
import { createHash } from 'node:crypto';
import { StrongroomError } from '../domain/errors.ts';
import { checkLayer } from './archive-layer.ts';
import type { LayerBudget, LayerDigests } from './archive-layer.ts';
import { entryKind, linkedLayer } from './archive-names.ts';
import type { EntryKind } from './archive-names.ts';
import { decompress, peek } from './compression.ts';
import type { Peeked } from './compression.ts';
import { hostile, quoteName } from './hostile-archive.ts';
import { looksLikeTar, readTar } from './tar-entries.ts';
import type { TarHeader } from './tar-entries.ts';

export interface ArchiveContents {
  readonly metadata: ReadonlyMap<string, Buffer>;
  readonly layers: ReadonlyMap<string, LayerDigests>;
  /** Links by name, with the layer that each leads to. */
  readonly links: ReadonlyMap<string, string>;
  /** Bytes of the archive. */
  readonly totalSize: number;
}

/** Sees the bytes of a layer of `size` bytes go by, and yields them unchanged. */
export type PassLayer = (name: string, size: number, content: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

interface Collecting {
  readonly metadata: Map<string, Buffer>;
  readonly layers: Map<string, LayerDigests>;
  readonly links: Map<string, string>;
  readonly names: Set<string>;
  readonly layerBudget: LayerBudget;
  readonly passLayer: PassLayer;
  metadataBytes: number;
}

const MAX_ENTRIES = 1_000;
const MAX_LAYER_ENTRIES = 2_000_000;
const MAX_METADATA_FILE = 4 * 2 ** 20;
const MAX_METADATA = 16 * 2 ** 20;

/** Reads an archive to its end, which may be compressed as a whole, and checks each entry by itself. */
export async function collectArchive(
  archive: AsyncIterable<Buffer>,
  limits: { readonly archiveBytes: number; readonly unpackedBytes: number },
  passLayer: PassLayer = (_name, _size, content) => content,
): Promise<ArchiveContents> {
  const collecting: Collecting = {
    metadata: new Map(),
    layers: new Map(),
    links: new Map(),
    names: new Set(),
    layerBudget: { bytes: limits.unpackedBytes, entries: MAX_LAYER_ENTRIES },
    passLayer,
    metadataBytes: 0,
  };
  const size = { bytes: 0 };
  const plain = boundedArchive(decompress(await peek(archive)), limits.archiveBytes, size);
  await readTar(plain, notAnArchive, (header, content) => collectEntry(collecting, header, content));
  return { ...collecting, totalSize: size.bytes };
}

const notAnArchive = (why: string): StrongroomError =>
  new StrongroomError('E_NOT_AN_ARCHIVE', 'This is not an image archive.', {
    why: `It cannot be read as a tar archive: ${why}.`,
    next: 'Make it with "docker save".',
  });

async function* boundedArchive(
  source: AsyncIterable<Buffer>,
  limit: number,
  size: { bytes: number },
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    size.bytes += chunk.length;
    if (size.bytes > limit) throw hostile('archive-size', `The archive has more than ${limit} bytes.`);
    yield chunk;
  }
}

async function collectEntry(into: Collecting, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
  const { name } = header;
  const kind = checkEntryName(into.names, header);
  if (header.type === 'symlink') {
    into.links.set(name, linkTarget(header));
  } else if (kind === 'metadata') {
    into.metadata.set(name, await readMetadata(into, name, content));
  } else if (kind === 'layer') {
    into.layers.set(name, await checkLayer(name, into.passLayer(name, header.size, content), into.layerBudget));
  } else if (kind === 'blob') {
    await collectBlob(into, header, content);
  }
}

/** Checks name and type of an entry, and that neither the name nor too many others came before. */
function checkEntryName(seen: Set<string>, header: TarHeader): EntryKind {
  const { name, type } = header;
  const kind = entryKind(name);
  if (kind === null) throw hostile('entry-name', `The archive holds ${quoteName(name)}.`);
  if (seen.size >= MAX_ENTRIES) throw hostile('entry-count', `The archive has more than ${MAX_ENTRIES} entries.`);
  const plainName = name.replace(/\/$/, '');
  if (seen.has(plainName)) throw hostile('duplicate-entry', `The archive holds ${quoteName(name)} twice.`);
  seen.add(plainName);
  const fits = kind === 'folder' ? type === 'directory' && header.size === 0 : type === 'file' || type === 'symlink';
  if (!fits) throw hostile('entry-type', `The entry ${quoteName(name)} is a ${type}.`);
  if (Object.keys(header.extended).some((key) => key.startsWith('GNU.sparse'))) {
    throw hostile('entry-type', `The entry ${quoteName(name)} is a sparse file.`);
  }
  return kind;
}

function linkTarget(header: TarHeader): string {
  const target = linkedLayer(header.name, header.linkName);
  if (target !== null && header.size === 0) return target;
  throw hostile('link', `The link ${quoteName(header.name)} leads to ${quoteName(header.linkName)}.`);
}

async function readMetadata(into: Collecting, name: string, content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    into.metadataBytes += chunk.length;
    if (size > MAX_METADATA_FILE || into.metadataBytes > MAX_METADATA) {
      throw hostile('metadata-size', `The file ${quoteName(name)} is too large.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function collectBlob(into: Collecting, header: TarHeader, content: AsyncIterable<Buffer>): Promise<void> {
  const { name } = header;
  const peeked = await peek(content);
  let sha256: string;
  if (isJson(peeked)) {
    const bytes = await readMetadata(into, name, peeked.stream);
    into.metadata.set(name, bytes);
    sha256 = createHash('sha256').update(bytes).digest('hex');
  } else {
    const layer = await checkLayer(name, into.passLayer(name, header.size, peeked.stream), into.layerBudget);
    into.layers.set(name, layer);
    sha256 = layer.sha256;
  }
  if (name !== `blobs/sha256/${sha256}`) {
    throw hostile('blob-digest', `The blob ${quoteName(name)} has the SHA-256 ${sha256}.`);
  }
}

const isJson = ({ head }: Peeked): boolean => head[0] === 0x7b && !looksLikeTar(head);
