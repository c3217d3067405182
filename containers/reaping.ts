/** Removes containers, their volumes, and images of ours that a killed process left behind, and nothing else. */
import type Docker from 'dockerode';
import { dockerFailure, ignoreMissing } from './docker.ts';
import { belongsToRun, parseOwnImageName, RUN_LABEL, STARTED_LABEL } from './own-names.ts';
import type { OwnImage } from './own-names.ts';

/** Which of ours are leftovers: those of one run, or all that are older than any run can be. */
export type Leftovers = { readonly runId: string } | { readonly olderThanSeconds: number };

export interface Reaped {
  readonly containers: number;
  readonly volumes: number;
  readonly images: number;
}

/** Removes the leftovers. What somebody else made is never touched. Fails with `E_DOCKER_UNAVAILABLE`. */
export async function reapLeftovers(docker: Docker, leftovers: Leftovers): Promise<Reaped> {
  try {
    const containers = await reapContainers(docker, leftovers);
    const volumes = await reapVolumes(docker, leftovers);
    return { containers, volumes, images: await reapImages(docker, leftovers) };
  } catch (error) {
    throw dockerFailure(error, 'What earlier runs left could not be removed.');
  }
}

const isOld = (startedAt: number, olderThanSeconds: number): boolean =>
  startedAt > 0 && Date.now() / 1000 - startedAt > olderThanSeconds;

const labelled = (leftovers: Leftovers) => ({
  label: ['runId' in leftovers ? `${RUN_LABEL}=${leftovers.runId}` : RUN_LABEL],
});

const isChosen = (labels: Readonly<Record<string, string>>, leftovers: Leftovers): boolean =>
  'runId' in leftovers || isOld(Number(labels[STARTED_LABEL]), leftovers.olderThanSeconds);

async function reapContainers(docker: Docker, leftovers: Leftovers): Promise<number> {
  const ours = await docker.listContainers({ all: true, filters: labelled(leftovers) });
  const chosen = ours.filter(({ Labels }) => isChosen(Labels, leftovers));
  for (const { Id } of chosen) await ignoreMissing(docker.getContainer(Id).remove({ force: true, v: true }));
  return chosen.length;
}

async function reapVolumes(docker: Docker, leftovers: Leftovers): Promise<number> {
  const ours = await docker.listVolumes({ filters: labelled(leftovers) });
  const chosen = ours.Volumes.filter(({ Labels }) => isChosen(Labels, leftovers));
  for (const { Name } of chosen) await ignoreMissing(docker.getVolume(Name).remove());
  return chosen.length;
}

async function reapImages(docker: Docker, leftovers: Leftovers): Promise<number> {
  const listed = await docker.listImages({ filters: { reference: ['strongroom/*'] } });
  const ours = listed.flatMap((image) => image.RepoTags ?? []).map(parseOwnImageName);
  const chosen = ours.filter((image): image is OwnImage => image !== null && isLeftover(image, leftovers));
  for (const { name } of chosen) await ignoreMissing(docker.getImage(name).remove());
  return chosen.length;
}

const isLeftover = (image: OwnImage, leftovers: Leftovers): boolean =>
  'runId' in leftovers ? belongsToRun(image, leftovers.runId) : isOld(image.loadedAt, leftovers.olderThanSeconds);
