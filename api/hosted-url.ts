/** URLs of what is hosted on the platform itself: stored without its address, which may be another one tomorrow. */
import type { Benchmark } from '../storage/benchmarks.ts';
import type { Blob } from '../storage/blobs.ts';
import type { HostedArchive } from '../domain/archive.ts';

const BLOBS = '/v1/blobs/';

/** The URL of a blob of the platform. */
export const blobUrl = (publicUrl: string, sha256: string): string => `${publicUrl}${BLOBS}${sha256}`;

/** An archive as it is stored: a blob of the platform by its path, anything else by its whole URL. */
export const toStored = (publicUrl: string, archive: HostedArchive): HostedArchive =>
  archive.url === blobUrl(publicUrl, archive.sha256) ? { ...archive, url: `${BLOBS}${archive.sha256}` } : archive;

/** A stored archive as callers reach it now. */
export const toReachable = (publicUrl: string, archive: HostedArchive): HostedArchive =>
  archive.url.startsWith(BLOBS) ? { ...archive, url: `${publicUrl}${archive.url}` } : archive;

/** A benchmark with the addresses of what it is made of. */
export function withBlobUrls(publicUrl: string, benchmark: Benchmark) {
  const hosted = (blob: Blob) => ({ ...blob, url: blobUrl(publicUrl, blob.sha256) });
  const { testDataset, metrics } = benchmark;
  return { ...benchmark, testDataset: hosted(testDataset), metrics: { ...metrics, archive: hosted(metrics.archive) } };
}
