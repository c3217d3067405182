/** Blobs in a bucket of any store that speaks S3. Uploads are gathered on our disk first: only what was checked goes there. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, NotFound, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { BlobStore } from './blob-store.ts';
import { checkReceivedFile } from './received-file.ts';

const PART_BYTES = 16 * 2 ** 20;
/** S3 takes at most 10,000 parts. */
const MOST_PARTS = 9_000;
const PARTS_AT_ONCE = 2;

/**
 * The bucket at `https://ENDPOINT/BUCKET?region=REGION`. Credentials come the ways that S3 tools know: a role of the
 * machine, or a file of credentials. Fails with `E_CONFIG` for another address, and its methods with `E_UNAVAILABLE`.
 */
export function openBucket(url: string): BlobStore {
  const { client, bucket } = connect(url);
  const at = (sha256: Sha256) => ({ Bucket: bucket, Key: `${sha256.slice(0, 2)}/${sha256}` });
  return {
    async size(sha256) {
      const found = await client.send(new HeadObjectCommand(at(sha256))).catch(nullIfMissing);
      return found?.ContentLength ?? null;
    },
    async read(sha256, start, end) {
      const range = { ...at(sha256), Range: `bytes=${start}-${end}` };
      const { Body: body } = await client.send(new GetObjectCommand(range)).catch(unavailable);
      if (body instanceof Readable) return body;
      throw new StrongroomError('E_UNAVAILABLE', 'The blob store answered without content.', { next: 'Try again.' });
    },
    async remove(sha256) {
      await client.send(new DeleteObjectCommand(at(sha256))).catch(unavailable);
    },
    async adopt(path, announced) {
      try {
        const sha256 = await checkReceivedFile(path, announced);
        await new Upload({
          client,
          params: { ...at(sha256), Body: createReadStream(path) },
          partSize: Math.max(PART_BYTES, Math.ceil(announced.size / MOST_PARTS)),
          queueSize: PARTS_AT_ONCE,
        })
          .done()
          .catch(unavailable);
        return sha256;
      } finally {
        await rm(path, { force: true });
      }
    },
  };
}

function connect(url: string): { readonly client: S3Client; readonly bucket: string } {
  const address = URL.canParse(url) ? new URL(url) : null;
  const bucket = address?.pathname.slice(1) ?? '';
  if (!address || !/^https?:$/.test(address.protocol) || !/^[^/]+$/.test(bucket) || address.username !== '') {
    throw new StrongroomError('E_CONFIG', 'STRONGROOM_S3_URL names no bucket.', {
      next: 'Write it as https://ENDPOINT/BUCKET?region=REGION, without credentials.',
    });
  }
  const client = new S3Client({
    endpoint: address.origin,
    region: address.searchParams.get('region') ?? 'us-east-1',
    forcePathStyle: true,
    // Stores other than Amazon's do not all know the newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return { client, bucket };
}

function nullIfMissing(error: unknown): null {
  if (error instanceof NotFound) return null;
  return unavailable(error);
}

function unavailable(error: unknown): never {
  throw new StrongroomError('E_UNAVAILABLE', 'The blob store does not answer as it should.', {
    why: error instanceof Error ? `${error.name}: ${error.message}` : 'It failed without saying why.',
    next: 'Try again. If it stays so, tell the operator.',
    cause: error,
  });
}
