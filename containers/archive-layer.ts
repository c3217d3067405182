/** Checks one layer of an image archive while it streams by: its digests, its size when unpacked, and its entries. */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { decompress, isCompressed, peek } from './compression.ts';
import { hostile, quoteName } from './hostile-archive.ts';
import { readTar } from './tar-entries.ts';
import type { TarHeader } from './tar-entries.ts';

export interface LayerDigests {
  /** SHA-256 of the file in the archive, 64 digits. */
  readonly sha256: string;
  /** SHA-256 of the unpacked layer, `sha256:` and 64 digits. */
  readonly diffId: string;
  /** Bytes of the unpacked layer. */
  readonly size: number;
}

/** How many unpacked bytes and entries the layers of one archive may still take, together. */
export interface LayerBudget {
  bytes: number;
  entries: number;
}

/** Reads the layer in `content` to its end and takes what it needs from `budget`. */
export async function checkLayer(
  name: string,
  content: AsyncIterable<Buffer>,
  budget: LayerBudget,
): Promise<LayerDigests> {
  const packed = createHash('sha256');
  const peeked = await peek(content);
  const compressed = isCompressed(peeked.head);
  const unpacked = compressed ? createHash('sha256') : packed;
  const plain = compressed ? decompress({ ...peeked, stream: hashed(peeked.stream, packed) }) : peeked.stream;
  const counted = { bytes: 0 };
  const bounded = boundedBytes(name, hashed(plain, unpacked), budget, counted);
  const failure = (why: string) => hostile('layer-content', `The layer ${quoteName(name)} cannot be read: ${why}.`);
  await readTar(bounded, failure, async (header) => checkLayerEntry(name, header, budget));
  const diffId = unpacked.digest('hex');
  return { sha256: compressed ? packed.digest('hex') : diffId, diffId: `sha256:${diffId}`, size: counted.bytes };
}

async function* hashed(source: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* boundedBytes(
  name: string,
  source: AsyncIterable<Buffer>,
  budget: LayerBudget,
  counted: { bytes: number },
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    budget.bytes -= chunk.length;
    counted.bytes += chunk.length;
    if (budget.bytes < 0)
      throw hostile('unpacked-size', `The layer ${quoteName(name)} is too large when it is unpacked.`);
    yield chunk;
  }
}

/**
 * Docker unpacks what a layer holds inside its own storage; only two things in it can harm the machine there: an
 * endless number of entries, and sparse files, which take far more than their bytes once they are written out.
 */
function checkLayerEntry(layer: string, header: TarHeader, budget: LayerBudget): void {
  budget.entries -= 1;
  const refuse = (what: string) => hostile('layer-content', `The layer ${quoteName(layer)} holds ${what}.`);
  if (budget.entries < 0) throw refuse('too many entries');
  if (header.type === 'unknown') throw refuse(`an entry of an unknown type: ${quoteName(header.name)}`);
  if (Object.keys(header.extended).some((key) => key.startsWith('GNU.sparse'))) {
    throw refuse(`a sparse file: ${quoteName(header.name)}`);
  }
}
