/** The names and labels under which we keep containers and images in Docker, and by which we find them again. */
import { createHash } from 'node:crypto';

export const RUN_LABEL = 'strongroom.run';
/** Unix time in seconds. */
export const STARTED_LABEL = 'strongroom.started';

const REPOSITORY = 'strongroom/';

/** The part of an image's name that stands for a run; two runs never share it. */
function runSlug(runId: string): string {
  const readable = runId
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  return `${readable || 'run'}-${createHash('sha256').update(runId).digest('hex').slice(0, 12)}`;
}

/** Name of the image that run `runId` loads at `now`; its tag is the time, as Docker keeps no other record of it. */
export const ownImageName = (runId: string, now = new Date()): string =>
  `${REPOSITORY}${runSlug(runId)}:${Math.floor(now.getTime() / 1000)}`;

export interface OwnImage {
  readonly name: string;
  /** Unix time in seconds. */
  readonly loadedAt: number;
}

/** Reads a name that `ownImageName` made; `null` for any other. */
export function parseOwnImageName(name: string): OwnImage | null {
  const match = /^strongroom\/[a-z0-9-]+-[0-9a-f]{12}:([0-9]{1,12})$/.exec(name);
  return match ? { name, loadedAt: Number(match[1]) } : null;
}

export const belongsToRun = (image: OwnImage, runId: string): boolean =>
  image.name.startsWith(`${REPOSITORY}${runSlug(runId)}:`);

export const runLabels = (runId: string, now = new Date()): Record<string, string> => ({
  [RUN_LABEL]: runId,
  [STARTED_LABEL]: String(Math.floor(now.getTime() / 1000)),
});
