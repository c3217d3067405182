/** The embedded stack with a study on it, the hand that breaks its parts, and the witness that looks at it afterwards. */
import Docker from 'dockerode';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase, type Db } from '../../../storage/database.ts';
import { Cast, type Settings, type Staging } from '../../stories/cast.ts';
import { missingOf } from '../witness/acknowledged.ts';
import { watchImagesRun, type ImagesRun } from '../witness/images-run.ts';
import { belongings, type Belongings } from '../witness/leftovers.ts';
import { doubledGrants } from '../witness/one-grant-each.ts';
import { testify, testifyOfSecrets, type Scene } from '../witness/witness.ts';
import type { Watched } from './api-watch.ts';
import { until } from '../../support/patience.ts';
import { keepRow, seenIn } from './rows.ts';
import { Study, type Surroundings } from './study.ts';

/** The processes of the platform, and the agent of the model's owner. */
export type Part = 'api' | 'worker' | 'postgres' | 'temporal' | 'attestor' | 'broker' | 'enclave' | 'agent';

export type TemporalServer = 'development' | 'postgres';

/** The setting that chooses the Temporal of the platform. */
export const temporalOn = (server: TemporalServer): Settings => ({ STRONGROOM_TEMPORAL_SERVER: server });

export class Harness {
  readonly cast: Cast;
  readonly study: Study;
  readonly db: Db;
  readonly docker = new Docker();
  readonly leaders = new Set<number>();
  readonly #images: ImagesRun;
  readonly #before: Belongings;

  private constructor(cast: Cast, study: Study, db: Db, images: ImagesRun, before: Belongings) {
    this.cast = cast;
    this.study = study;
    this.db = db;
    this.#images = images;
    this.#before = before;
  }

  /** `surround` puts something between the parties and the platform. */
  static async open(
    staging: Staging = {},
    surround: (cast: Cast) => Promise<Surroundings> = async () => ({}),
  ): Promise<Harness> {
    const cast = await Cast.assemble(staging);
    try {
      const docker = new Docker();
      const before = await belongings({ docker, homes: [], leaders: [] });
      const images = await watchImagesRun(docker);
      const url = staging.settings?.DATABASE_URL ?? (await embeddedDatabase(path.join(cast.folder, 'platform')));
      const db = openDatabase({ url, maxConnections: 4, onIdleError: () => undefined });
      return new Harness(cast, await Study.open(cast, await surround(cast)), db, images, before);
    } catch (error) {
      await cast.dismiss();
      throw error;
    }
  }

  get platformFolder(): string {
    return path.join(this.cast.folder, 'platform');
  }

  /** The process of a part as it was last started. */
  async pidOf(part: Part): Promise<number> {
    const within = (...names: string[]) => path.join(this.platformFolder, ...names, 'processes', `${part}.json`);
    const files = part === 'agent' ? [this.study.olga.home.agent.stateFile] : [within(), within('servers')];
    for (const file of files) {
      const record = await readFile(file, 'utf8').catch(() => null);
      if (record !== null) return (JSON.parse(record) as { readonly pid: number }).pid;
    }
    throw new Error(`${part} does not run.`);
  }

  /** Kills a part at once. Answers its process, of whose session nothing may be left later. */
  async kill(part: Part): Promise<number> {
    const pid = await this.pidOf(part);
    this.leaders.add(pid);
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** Waits until another process has taken the place of a killed one, and work gets done. Answers the seconds. */
  async untilBack(part: Part, killed: number): Promise<number> {
    const restarted = await until(`${part} is started again`, async () => (await this.pidOf(part)) !== killed);
    return restarted + (await this.untilReady());
  }

  /** Waits until the platform says that work gets done. Answers how many seconds it took. */
  untilReady(): Promise<number> {
    return until('the platform is ready', async () => (await fetch(`${this.cast.stack.addresses.api}/readyz`)).ok);
  }

  /** What does not hold. The system gets a moment to come to rest first. */
  async verdict(): Promise<string[]> {
    await this.untilReady();
    let found = await testify(this.#scene());
    // What is being cleared up just now is gone at the next look; what was lost or doubled stays so.
    for (let looks = 1; looks < LOOKS && found.length > 0; looks += 1) {
      await pause(REST_MS);
      found = await testify(this.#scene());
    }
    return [...found, ...(await testifyOfSecrets(this.#scene()))];
  }

  /** Keeps what came of a fault: what a caller of the API saw, and whether anything is lost or doubled by now. */
  async note(fault: string, watched: Watched, backAfter: number): Promise<void> {
    const lost = (await missingOf(this.db, this.study.acknowledged)).length;
    const doubled = (await doubledGrants(this.db)).length;
    keepRow({ fault, seen: seenIn(watched), noticedAfter: watched.noticedAfter, backAfter, lost, doubled });
  }

  #scene(): Scene {
    const { study, db, docker, cast, platformFolder } = this;
    return {
      folder: cast.folder,
      platformFolder,
      homes: study.people.map(({ home }) => home.folder),
      db,
      temporal: cast.temporal.client,
      agentState: study.ann.home.agent.stateFile,
      docker,
      acknowledged: study.acknowledged,
      formerReaders: study.formerReaders,
      imagesRun: this.#images.seen,
      leaders: [...this.leaders],
      before: this.#before,
    };
  }

  async close(): Promise<void> {
    this.#images[Symbol.dispose]();
    await this.db.destroy();
    await this.cast.dismiss();
  }
}

const LOOKS = 6;
const REST_MS = 3_000;

async function embeddedDatabase(platformFolder: string): Promise<string> {
  const folder = path.join(platformFolder, 'postgres');
  const port = (await readFile(path.join(folder, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[3] ?? '';
  const password = (await readFile(path.join(folder, 'passfile'), 'utf8')).trim().split(':').at(-1) ?? '';
  return `postgres://strongroom:${password}@127.0.0.1:${port}/strongroom`;
}
