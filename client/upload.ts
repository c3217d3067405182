/** Uploads to the platform's store: resumable (tus 1.0), and skipped where the platform has the bytes already. */
import { createReadStream } from 'node:fs';
import { DetailedError, Upload } from 'tus-js-client';
import { StrongroomError } from '../domain/errors.ts';
import type { Sha256 } from '../domain/ids.ts';
import type { OnProgress } from '../domain/progress.ts';
import { toStrongroomError, unreachable } from './platform-failure.ts';
import { forgetUpload, recallUpload, rememberUpload, type BegunUpload } from './upload-note.ts';

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
  if (!(await isThere(url, job))) {
    const uploadUrl = await begunUpload(job);
    // One of which all bytes were there was only waiting for its length.
    if (!(await isThere(url, job))) await send(job, uploadUrl);
    if (!(await isThere(url, job))) throw await notWhatArrived(job);
  }
  await forgetUpload(job.file);
  return url;
}

/** The upload that was begun and can go on; `null` where there is none. */
async function begunUpload(job: UploadRequest): Promise<string | null> {
  const begun = await recallUpload(job.file);
  if (begun === null) return null;
  return begun.atMost === null || (await tellLength(begun, job)) ? begun.uploadUrl : null;
}

/** Tells how long an upload that was begun ahead will be. `false` where it must be begun anew. */
async function tellLength({ uploadUrl, atMost }: BegunUpload, job: UploadRequest): Promise<boolean> {
  if (atMost !== null && atMost < job.size) return false;
  const headers = { ...job.headers, 'tus-resumable': '1.0.0' };
  const state = await ask(job, uploadUrl, { method: 'HEAD', headers });
  const offset = state.headers.get('upload-offset');
  if (!state.ok || offset === null) return false;
  const answer = await ask(job, uploadUrl, {
    method: 'PATCH',
    headers: {
      ...headers,
      'upload-offset': offset,
      'upload-length': String(job.size),
      'content-type': 'application/offset+octet-stream',
    },
  });
  if (answer.ok) await rememberUpload(job.file, { uploadUrl, atMost: null });
  return answer.ok;
}

/** An upload that was begun before the digest was known is whatever arrived. */
async function notWhatArrived({ file }: UploadRequest): Promise<StrongroomError> {
  await forgetUpload(file);
  return new StrongroomError('E_DIGEST_MISMATCH', 'What arrived at the platform is not the file.', {
    why: 'It changed while it was uploaded.',
    next: 'Start it again: it is uploaded anew.',
  });
}

const isThere = async (url: string, job: UploadRequest): Promise<boolean> =>
  (await ask(job, url, { method: 'HEAD', headers: job.headers })).ok;

function ask({ apiUrl, signal }: UploadRequest, url: string, request: RequestInit): Promise<Response> {
  return fetch(url, { ...request, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw unreachable(apiUrl, error);
  });
}

function send(job: UploadRequest, uploadUrl: string | null): Promise<void> {
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
        if (upload.url) rememberUpload(job.file, { uploadUrl: upload.url, atMost: null }).catch(reject);
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
