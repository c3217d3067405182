/** Uploads to the platform's store: resumable (tus 1.0), and skipped where the platform has the bytes already. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { DetailedError, Upload } from 'tus-js-client';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { OnProgress } from '../domain/progress.ts';
import { toStrongroomError, unreachable } from './platform-failure.ts';
import { readJsonFile, writeJsonFile } from './private-files.ts';

export interface UploadRequest {
  readonly apiUrl: string;
  /** For instance the caller's token. */
  readonly headers: Record<string, string>;
  readonly file: string;
  readonly sha256: Sha256;
  readonly size: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

const CHUNK_BYTES = 16 * 1024 * 1024;

/** Uploads the file and answers with the URL of the blob. After an interruption the next call goes on where it ended. */
export async function uploadBlob(job: UploadRequest): Promise<string> {
  const url = `${job.apiUrl}/v1/blobs/${job.sha256}`;
  if (await isThere(url, job)) return url;
  const note = `${job.file}.upload.json`;
  const { uploadUrl } = await readJsonFile<{ uploadUrl: string | null }>(note, { uploadUrl: null });
  await send(job, uploadUrl, (begun) => writeJsonFile(note, { uploadUrl: begun }));
  await rm(note, { force: true });
  return url;
}

async function isThere(url: string, { apiUrl, headers, signal }: UploadRequest): Promise<boolean> {
  const answer = await fetch(url, { method: 'HEAD', headers, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw unreachable(apiUrl, error);
  });
  return answer.ok;
}

function send(job: UploadRequest, uploadUrl: string | null, remember: (url: string) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(job.file, { highWaterMark: 1 << 20 }), {
      endpoint: `${job.apiUrl}/v1/uploads`,
      uploadUrl,
      uploadSize: job.size,
      chunkSize: CHUNK_BYTES,
      headers: job.headers,
      metadata: { sha256: job.sha256, size: String(job.size) },
      retryDelays: [200, 1000, 3000, 5000],
      storeFingerprintForResuming: false,
      onUploadUrlAvailable: () => {
        if (upload.url) remember(upload.url).catch(reject);
      },
      onProgress: (bytesDone, bytesTotal) => job.onProgress?.({ phase: 'upload', bytesDone, bytesTotal }),
      onSuccess: () => {
        resolve();
      },
      onError: (error) => {
        reject(toUploadFailure(error, job.apiUrl));
      },
    });
    job.signal?.addEventListener('abort', () => {
      upload.abort().then(() => {
        reject(
          new StrongroomError('E_INTERRUPTED', 'The upload was interrupted.', { next: 'Start it again: it goes on.' }),
        );
      }, reject);
    });
    upload.start();
  });
}

/** The platform answers uploads with problem details, too; only they, never the request, go into the error. */
function toUploadFailure(error: Error, apiUrl: string): StrongroomError {
  const answer = error instanceof DetailedError ? error.originalResponse : null;
  if (!answer) return unreachable(apiUrl, error);
  const problem = parseJson(answer.getBody());
  return toStrongroomError(problem, new Response(null, { status: answer.getStatus() }), apiUrl);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
