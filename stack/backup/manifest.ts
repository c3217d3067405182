/** What is in a backup: every folder and file with its digest, so that a damaged one is noticed before it is used. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StrongroomError } from '../../domain/errors.ts';

export const MANIFEST = 'manifest.json';
const FORMAT = 1;

export interface Entry {
  /** Below the data folder. */
  readonly path: string;
  readonly mode: number;
  /** Postgres does not run as root and owns its cluster. */
  readonly uid: number;
  readonly gid: number;
  /** `null` for a folder. */
  readonly file: { readonly size: number; readonly sha256: string } | null;
}

export interface Manifest {
  readonly format: number;
  /** ISO 8601. */
  readonly takenAt: string;
  readonly entries: readonly Entry[];
}

/** Written last: a folder without it is no backup. */
export const writeManifest = (folder: string, takenAt: string, entries: readonly Entry[]): Promise<void> =>
  writeFile(path.join(folder, MANIFEST), `${JSON.stringify({ format: FORMAT, takenAt, entries }, null, 1)}\n`, {
    mode: 0o600,
    flush: true,
  });

/** Fails with `E_FILE_NOT_FOUND` where there is no backup, and with `E_DIGEST_MISMATCH` for one that is not whole. */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(path.join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null) {
    throw new StrongroomError('E_FILE_NOT_FOUND', `${folder} is no backup.`, {
      why: `It has no ${MANIFEST}, which is written when a backup is complete.`,
    });
  }
  const manifest = parse(text);
  if (manifest?.format === FORMAT && manifest.entries.every(isInside)) return manifest;
  throw damaged(`${MANIFEST} cannot be read.`);
}

export const damaged = (why: string): StrongroomError =>
  new StrongroomError('E_DIGEST_MISMATCH', 'The backup is damaged.', { why, next: 'Take another one.' });

function parse(text: string): Manifest | null {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return null;
  }
}

/** No entry may lead out of the folder that it is restored to. */
const isInside = (entry: Entry): boolean =>
  !path.isAbsolute(entry.path) && !path.normalize(entry.path).split(path.sep).includes('..');
