/** The embedded stack with a study on it, the hand that breaks its parts, and the witness that looks at it afterwards. */
import Docker from 'dockerode';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase, type Db } from '../../../storage/database.ts';
import { Cast, type Settings, type Staging } from '../../stories/cast.ts';
import { watchImagesRun, type ImagesRun } from '../witness/images-run.ts';
import { belongings, type Belongings } from '../witness/leftovers.ts';
import { testify, testifyOfSecrets, type Scene } from '../witness/witness.ts';
import { until } from './patience.ts';
import { Study } from './study.ts';

export type PlatformPart = 'api' | 'worker' | 'postgres' | 'temporal' | 'attestor' | 'broker' | 'enclave';

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

  /** `agents` is of the environment of the parties' agents. */
  static async open(staging: Staging = {}, agents: Settings = {}): Promise<Harness> {
    const cast = await Cast.assemble(staging);
    try {
      const docker = new Docker();
      const before = await belongings({ docker, homes: [], leaders: [] });
      const images = await watchImagesRun(docker);
      const url = staging.settings?.DATABASE_URL ?? (await embeddedDatabase(path.join(cast.folder, 'platform')));
      const db = openDatabase({ url, maxConnections: 4, onIdleError: () => undefined });
      return new Harness(cast, await Study.open(cast, agents), db, images, before);
    } catch (error) {
      await cast.dismiss();
      throw error;
    }
  }

  get platformFolder(): string {
    return path.join(this.cast.folder, 'platform');
  }

  /** The process of a part as it runs now. */
  async pidOf(part: PlatformPart): Promise<number> {
    const record = await readFile(path.join(this.platformFolder, 'processes', `${part}.json`), 'utf8');
    return (JSON.parse(record) as { readonly pid: number }).pid;
  }

  /** Kills a part at once, and notes it as a leader whose session must be empty afterwards. */
  async kill(part: PlatformPart): Promise<void> {
    const pid = await this.pidOf(part);
    this.leaders.add(pid);
    process.kill(pid, 'SIGKILL');
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
