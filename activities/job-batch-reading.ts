/** A batch of sealed inputs in the blob store: its head, and one item after the other. */
import { buffer } from 'node:stream/consumers';
import { MOST_HEAD_BYTES, parseBatchHead, type BatchHead } from '../crypto/sealed/sealed-batch.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { JobBatch } from '../storage/jobs.ts';

/** The head and its bytes. Fails with `E_SEALED_INPUT` where it does not hold what the job says. */
export async function readBatchHead(
  blobs: BlobStore,
  batch: JobBatch,
): Promise<{ readonly bytes: Buffer; readonly head: BatchHead }> {
  const beginning = await buffer(await blobs.read(batch.sha256, 0, Math.min(batch.size, MOST_HEAD_BYTES) - 1));
  const head = parseBatchHead(beginning);
  const [first, last] = [head.items[0], head.items.at(-1)];
  const whole = first && last && last.start + last.length === batch.size && head.items.length === batch.items;
  if (!whole) throw new StrongroomError('E_SEALED_INPUT', 'A batch of the job is not what was announced.');
  return { bytes: beginning.subarray(0, first.start), head };
}

export async function readItem(blobs: BlobStore, batch: JobBatch, head: BatchHead, index: number): Promise<Buffer> {
  const item = head.items[index];
  if (!item) throw new Error('The batch has no such item.');
  return buffer(await blobs.read(batch.sha256, item.start, item.start + item.length - 1));
}
