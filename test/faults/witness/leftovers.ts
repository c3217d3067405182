/** Leftovers (I7): files of work in hand, containers, images and processes are back to where they were. */
import type Docker from 'dockerode';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseOwnImageName, RUN_LABEL } from '../../../containers/own-names.ts';

export interface Belongings {
  readonly ours: ReadonlySet<string>;
}

export interface Grounds {
  readonly docker: Docker;
  readonly homes: readonly string[];
  /** Processes that began a session of their own, and may be dead by now. */
  readonly leaders: readonly number[];
}

/** What of ours lies about just now; to be compared with what lies about later. */
export async function belongings(grounds: Grounds): Promise<Belongings> {
  const found = await Promise.all([
    inEngine(grounds.docker),
    inHomes(grounds.homes),
    orphans(grounds.leaders),
    inTemporaryFolder(),
  ]);
  return { ours: new Set(found.flat()) };
}

export async function leftovers(grounds: Grounds, before: Belongings): Promise<string[]> {
  const { ours } = await belongings(grounds);
  return [...ours].filter((one) => !before.ours.has(one)).map((one) => `${one} was left behind`);
}

async function inEngine(docker: Docker): Promise<string[]> {
  const filters = { label: [RUN_LABEL] };
  const containers = await docker.listContainers({ all: true, filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  const names = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  return [
    ...containers.map(({ Id }) => `container ${Id}`),
    ...volumes.map(({ Name }) => `volume ${Name}`),
    ...names.filter((name) => parseOwnImageName(name)).map((name) => `image ${name}`),
  ];
}

async function inHomes(homes: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    homes.map(async (home) => {
      const files = await readdir(home, { recursive: true }).catch(() => []);
      return files
        .filter((file) => /^work\/.+|\.(pending|partial|next)$/.test(file))
        .map((file) => path.join(home, file));
    }),
  );
  return found.flat();
}

/** Processes that outlived the one that began their session. */
async function orphans(leaders: readonly number[]): Promise<string[]> {
  const alive = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const dead = new Set(leaders.filter((pid) => !alive.includes(pid)));
  const found: string[] = [];
  for (const pid of alive) {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const session = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[3]);
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (dead.has(session)) found.push(`process ${pid} (${line.replaceAll('\0', ' ').trim()})`);
  }
  return found;
}

const inTemporaryFolder = async (): Promise<string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('strongroom')).map((name) => path.join(tmpdir(), name));
