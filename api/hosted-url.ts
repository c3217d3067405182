/** URLs of what is hosted on the platform itself: stored without its address, which may be another one tomorrow. */
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
