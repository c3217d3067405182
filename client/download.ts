/** Downloads that resume, that are bounded, and that exist only once their digest is right. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { StrongroomError } from '../domain/errors.ts';
import { formatBytes } from '../domain/format-bytes.ts';
import { parseSha256, type Sha256 } from '../domain/ids.ts';
import type { OnProgress } from '../domain/progress.ts';
import type { AddressPolicy } from './address-policy.ts';
import { BrokenOff, toDownloadFailure, unexpectedAnswer } from './download-failures.ts';
import { readJsonFile, writeJsonFile } from './private-files.ts';

export interface DownloadLimits {
  readonly maxBytes: number;
  /** Without a byte for this long the connection counts as dead. */
  readonly stallSeconds: number;
  readonly totalSeconds: number;
}

export interface DownloadRequest {
  readonly url: string;
  /** The file exists only when everything was checked; until then its bytes lie in `<target>.partial`. */
  readonly target: string;
  /** The digest is `null` only where it is to be learned: when an owner's own address is fetched for the first time. */
  readonly expected: { readonly sha256: Sha256 | null; readonly size?: number };
  readonly limits: DownloadLimits;
  readonly policy: AddressPolicy;
  /** Headers for a URL, for instance the caller's token where the URL is the platform's; asked again for each redirect. */
  readonly headersFor: (url: string) => Record<string, string>;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

const MAX_REDIRECTS = 5;
/** In a row, without a byte more than before. */
const MAX_FRUITLESS_ATTEMPTS = 8;

type Answer = Awaited<ReturnType<typeof request>>;

/** What is known of the partial file: only bytes of the same representation may be added to it. */
interface Resumption {
  readonly url: string;
  readonly etag: string;
}

/**
 * Fetches `url` into `target`. Survives broken connections by asking for the rest (RFC 9110 section 14, `If-Range`), as
 * long as attempts bring something and the time lasts.
 * Fails with `E_DOWNLOAD`, `E_DOWNLOAD_STALLED`, `E_DIGEST_MISMATCH`, `E_TOO_LARGE`, `E_ADDRESS_NOT_ALLOWED`, `E_NO_SPACE`.
 */
export async function download(job: DownloadRequest): Promise<{ readonly sha256: Sha256; readonly size: number }> {
  const deadline = AbortSignal.timeout(job.limits.totalSeconds * 1000);
  const signal = job.signal ? AbortSignal.any([job.signal, deadline]) : deadline;
  let fruitless = 0;
  let furthest = await sizeOf(`${job.target}.partial`);
  for (;;) {
    try {
      await fetchRest(job, signal);
      return await release(job);
    } catch (error) {
      if (job.signal?.aborted) throw error;
      const failure = toDownloadFailure(error, job, deadline.aborted);
      if (!(failure instanceof BrokenOff)) {
        await discard(job.target);
        throw failure;
      }
      const reached = await sizeOf(`${job.target}.partial`);
      fruitless = reached > furthest ? 0 : fruitless + 1;
      furthest = Math.max(reached, furthest);
      if (fruitless >= MAX_FRUITLESS_ATTEMPTS) throw failure.final;
      // The end of the time cuts the pause short, and the next attempt says so.
      await pause(Math.min(200 * 2 ** fruitless, 5000), undefined, { signal }).catch(() => undefined);
    }
  }
}

async function fetchRest(job: DownloadRequest, signal: AbortSignal): Promise<void> {
  const partial = `${job.target}.partial`;
  const had = await sizeOf(partial);
  if (job.expected.size !== undefined && had === job.expected.size) return;
  const known = await readJsonFile<Resumption | null>(`${partial}.json`, null);
  const resumable = had > 0 && known?.url === job.url ? known : null;
  const headers: Record<string, string> = resumable ? { range: `bytes=${had}-`, 'if-range': resumable.etag } : {};
  const { answer, close } = await follow(job, headers, signal);
  try {
    const start = resumable && continues(answer, had, resumable.etag) ? had : 0;
    if (answer.statusCode === 416 || (answer.statusCode === 206 && start === 0)) {
      await discard(job.target);
      throw new BrokenOff(job.url, 'The server answered with another part of the file.');
    }
    if (answer.statusCode !== 200 && answer.statusCode !== 206)
      throw unexpectedAnswer(job.url, answer.statusCode, answer.headers);
    // Before the new tag is written: a crash must not leave it beside bytes of another representation.
    if (start === 0) {
      await discard(job.target);
      const { etag } = answer.headers;
      const strong = typeof etag === 'string' && !etag.startsWith('W/');
      if (strong) await writeJsonFile(`${partial}.json`, { url: job.url, etag });
    }
    await append(job, partial, start, answer, signal);
  } finally {
    await close();
  }
}

/** Follows redirects by hand: each hop is checked, and a token goes only where `headersFor` sends it. */
async function follow(job: DownloadRequest, headers: Record<string, string>, signal: AbortSignal) {
  let url = new URL(job.url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    job.policy.checkUrl(url);
    const dispatcher = job.policy.dispatcherFor(url, job.limits.stallSeconds);
    const close = () => dispatcher.destroy();
    try {
      const sent = { 'accept-encoding': 'identity', ...headers, ...job.headersFor(url.href) };
      const answer = await request(url, { dispatcher, headers: sent, signal });
      const location = answer.headers.location;
      if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== 'string') return { answer, close };
      url = new URL(location, url);
    } catch (error) {
      await close();
      throw error;
    }
    await close();
  }
  throw new StrongroomError('E_DOWNLOAD', `${job.url} leads through more than ${MAX_REDIRECTS} redirects.`);
}

/** Whether the answer goes on at `offset`, to the end, with the same representation: not every server heeds `If-Range`. */
function continues({ statusCode, headers }: Answer, offset: number, etag: string): boolean {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(headers['content-range'])) ?? [];
  return statusCode === 206 && headers.etag === etag && Number(first) === offset && Number(last) + 1 === Number(total);
}

async function append(
  job: DownloadRequest,
  partial: string,
  start: number,
  answer: Answer,
  signal: AbortSignal,
): Promise<void> {
  const limit = Math.min(job.expected.size ?? Infinity, job.limits.maxBytes);
  const file = await open(partial, 'a', 0o600);
  let size = start;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      if (size + chunk.length > limit) {
        throw new StrongroomError('E_TOO_LARGE', `${job.url} sends more than ${formatBytes(limit)}.`, {
          why: 'The file is not the one that was registered.',
        });
      }
      await file.appendFile(chunk);
      size += chunk.length;
      job.onProgress?.({ phase: 'download', bytesDone: size, bytesTotal: job.expected.size ?? null });
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (job.expected.size !== undefined && size < job.expected.size)
    throw new BrokenOff(job.url, 'The answer ended early.');
}

async function release(job: DownloadRequest): Promise<{ readonly sha256: Sha256; readonly size: number }> {
  const partial = `${job.target}.partial`;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(partial, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  const found = parseSha256(hash.digest('hex'));
  if (job.expected.sha256 !== null && found !== job.expected.sha256) {
    throw new StrongroomError('E_DIGEST_MISMATCH', `${job.url} is not the file that was registered.`, {
      why: `Its SHA-256 is ${found}, expected ${job.expected.sha256}.`,
      next: 'Ask whoever hosts it to put the registered file back.',
    });
  }
  await rename(partial, job.target);
  await rm(`${partial}.json`, { force: true });
  return { sha256: found, size: await sizeOf(job.target) };
}

async function discard(target: string): Promise<void> {
  await rm(`${target}.partial`, { force: true });
  await rm(`${target}.partial.json`, { force: true });
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (found) => found.size,
    () => 0,
  );
