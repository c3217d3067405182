/** Starts a job: its inputs are sealed on this machine, uploaded in batches, and answered by the enclave in its own time. */
import { randomBytes, randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Of } from '../../crypto/function-bundle.ts';
import { sealBatch, type BatchTerms } from '../../crypto/sealed/sealed-batch.ts';
import type { UserPublicKey } from '../../crypto/sealed/user-key.ts';
import { StrongroomError } from '../../domain/errors.ts';
import { parseJobId, type FunctionId, type Sha256 } from '../../domain/ids.ts';
import { BATCH, JOB_DAYS, MOST_BATCHES } from '../../domain/job.ts';
import type { PlatformClient, Schema } from '../platform.ts';
import { uploadBlob } from '../upload.ts';
import type { KeptItem, KeptJobs } from './kept-jobs.ts';
import type { EnclaveTrust } from './trust.ts';

export interface JobInput {
  /** What the caller calls it in the results. */
  readonly name: string;
  /** Its bytes, which are zeroed once they are sealed. */
  read(): Promise<Buffer>;
}

export interface JobRequest {
  readonly platform: PlatformClient;
  readonly functionId: FunctionId;
  /** The one function that may open the inputs. */
  readonly checksum: Sha256;
  /** The caller's own key, as the key broker vouches for it. */
  readonly owner: UserPublicKey;
  readonly trust: EnclaveTrust;
  readonly inputs: readonly JobInput[];
  readonly kept: KeptJobs;
  /** For ciphertext, while it is uploaded. */
  readonly workFolder: string;
  readonly signal?: AbortSignal;
  /** Hears how many items are at the platform. */
  readonly onUploaded?: (items: number) => void;
}

type UploadedBatch = Readonly<Record<'sha256', Sha256>> & Readonly<Record<'size' | 'items', number>>;

/**
 * Answers the job once the platform has it; from then on it goes on by itself. Fails with `E_INPUT_INVALID` for a job
 * that is empty or too large, and as uploads fail.
 */
export async function startJob(request: JobRequest): Promise<Schema<'Job'>> {
  const { platform, functionId, checksum, trust, kept, signal } = request;
  if (request.inputs.length === 0) throw unfit('There is nothing in it.');
  const id = parseJobId(randomUUID());
  const startedAt = new Date();
  const nonce = randomBytes(32).toString('base64url');
  const { publicKey: answerKey } = await kept.makeKey(id);
  const notAfter = new Date(startedAt.getTime() + JOB_DAYS * 86_400_000).toISOString();
  const terms = { functionChecksum: checksum, notAfter, answerKey };
  const { batches, items } = await uploadAll(request, terms);
  await kept.save({ id, functionId, checksum, nonce, startedAt: startedAt.toISOString(), trust, items });
  const body = { id, checksum, nonce, answerKey: Buffer.from(answerKey).toString('base64url'), batches };
  return platform.createJob({ path: { id: functionId }, body, ...(signal && { signal }) });
}

async function uploadAll(
  request: JobRequest,
  terms: BatchTerms,
): Promise<{ readonly batches: UploadedBatch[]; readonly items: KeptItem[] }> {
  const [batches, items]: [UploadedBatch[], KeptItem[]] = [[], []];
  for await (const batch of inBatches(request.inputs)) {
    request.signal?.throwIfAborted();
    if (batches.length === MOST_BATCHES) throw unfit('It is too large for one job.');
    const sealed = sealBatch(
      batch.map(({ bytes }) => bytes),
      request.owner,
      terms,
    );
    batch.forEach(({ bytes }) => bytes.fill(0));
    batches.push(await upload(request, sealed.bytes, batch.length));
    batch.forEach(({ name }, index) => {
      const sha256 = sealed.items[index];
      if (sha256) items.push({ name, sha256, index });
    });
    request.onUploaded?.(items.length);
  }
  return { batches, items };
}

interface ReadInput {
  readonly name: string;
  readonly bytes: Buffer;
}

async function* inBatches(inputs: readonly JobInput[]): AsyncGenerator<readonly ReadInput[]> {
  let batch: ReadInput[] = [];
  let size = 0;
  for (const input of inputs) {
    const { name } = input;
    const bytes = await input.read();
    const full = batch.length === BATCH.items || size + bytes.length > BATCH.bytes;
    if (full && batch.length > 0) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push({ name, bytes });
    size += bytes.length;
  }
  yield batch;
}

async function upload(request: JobRequest, bytes: Buffer, items: number): Promise<UploadedBatch> {
  const { platform, workFolder, signal } = request;
  const blob = { sha256: sha256Of(bytes), size: bytes.length };
  const file = path.join(workFolder, `${blob.sha256}.sealed`);
  try {
    await writeFile(file, bytes, { mode: 0o600 });
    const headers = platform.headersFor(platform.baseUrl);
    await uploadBlob({ apiUrl: platform.baseUrl, headers, file, ...blob, ...(signal && { signal }) });
    return { ...blob, items };
  } finally {
    await rm(file, { force: true });
  }
}

const unfit = (why: string) =>
  new StrongroomError('E_INPUT_INVALID', 'This cannot be a job.', {
    why,
    next: `Give at least one file, and at most ${MOST_BATCHES * BATCH.items} small ones or ${MOST_BATCHES} large ones.`,
  });
