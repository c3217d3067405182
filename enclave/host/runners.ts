/** The runners of one function and one tenant, one after the other: started when needed, kept warm, recycled, replaced. */
import type { FunctionLimits } from '../../domain/function.ts';
import type { Sha256 } from '../../domain/ids.ts';
import { RunnerProcess } from './runner-process.ts';
import type { SandboxOptions } from './start-runner.ts';
import { startRunner } from './start-runner.ts';

/** When a runner that works is ended all the same. */
export interface RecyclePolicy {
  /** After this many calls a new runner is started: native libraries leak over time. */
  readonly maxCalls: number;
  /** After this many seconds without a call its memory is given back; the next call waits for a new start. */
  readonly idleSeconds: number;
}

export const DEFAULT_POLICY: RecyclePolicy = { maxCalls: 100_000, idleSeconds: 900 };
/** A start loads the models; large ones take their time. */
export const START_SECONDS = 60;

/** The public halves of the keys that a runner made inside, raw and in base64url. */
export interface RunnerKeys {
  /** X25519: what is sealed to it, only this runner opens. */
  readonly channelKey: string;
  /** Ed25519: signs the runner's receipts. */
  readonly receiptKey: string;
}

/** What a runner says once it has its function. */
export interface Installed {
  readonly checksum: Sha256;
  /** SHA-256 of each model, in the order of `function.yaml`. */
  readonly models: readonly Sha256[];
}

/** It has its keys, and no function yet. */
export interface IdentifiedRunner {
  readonly process: RunnerProcess;
  readonly keys: RunnerKeys;
}

export interface ReadyRunner extends IdentifiedRunner, Installed {
  calls: number;
}

export interface RunnersOptions extends SandboxOptions {
  readonly limits: FunctionLimits;
  readonly policy?: RecyclePolicy;
  /** Puts the function into a new runner; called while that one still starts. */
  readonly install: (starting: Promise<IdentifiedRunner>) => Promise<Installed>;
}

const NOTHING = new Uint8Array();

export class Runners {
  readonly #options: RunnersOptions;
  readonly #policy: RecyclePolicy;
  /** The runner that is there or being started: whoever asks meanwhile waits for the same start. */
  #current: Promise<ReadyRunner> | null = null;
  #stopped = false;
  #underWay = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: RunnersOptions) {
    this.#options = options;
    this.#policy = options.policy ?? DEFAULT_POLICY;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** A runner that lives, started where there is none. */
  async current(): Promise<ReadyRunner> {
    this.#current ??= this.#start();
    const ready = await this.#current;
    if (ready.process.alive) return ready;
    await ready.process.ended;
    return this.current();
  }

  /** Does `work` with runners of the function; meanwhile none is recycled. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    clearTimeout(this.#idle);
    this.#underWay++;
    try {
      return await work();
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) await this.#rest();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#release();
  }

  async #release(): Promise<void> {
    clearTimeout(this.#idle);
    const ready = await this.#current?.catch(() => null);
    await ready?.process.stop();
  }

  /** Nothing is under way: recycle what has served long enough, and let nobody's memory lie idle. */
  async #rest(): Promise<void> {
    const ready = await this.#current?.catch(() => null);
    if (ready && ready.calls >= this.#policy.maxCalls) return this.#release();
    this.#startIdleTimer();
  }

  #startIdleTimer(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#release(), this.#policy.idleSeconds * 1000).unref();
  }

  async #start(): Promise<ReadyRunner> {
    const forget = () => (this.#current = null);
    try {
      const runner = new RunnerProcess(await startRunner(this.#options.limits, this.#options));
      void runner.ended.then(forget);
      const ready = await this.#prepare(runner);
      // One that is only asked for its keys must not stay for ever either.
      if (this.#underWay === 0) this.#startIdleTimer();
      return ready;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #prepare(runner: RunnerProcess): Promise<ReadyRunner> {
    try {
      const identified = identify(runner);
      const [{ process, keys }, { checksum, models }] = await Promise.all([
        identified,
        this.#options.install(identified),
      ]);
      return { process, keys, checksum, models, calls: 0 };
    } catch (error) {
      await runner.stop();
      throw error;
    }
  }
}

async function identify(process: RunnerProcess): Promise<IdentifiedRunner> {
  const { reply } = await process.ask({ kind: 'identify' }, NOTHING, 'identity', START_SECONDS);
  return { process, keys: { channelKey: reply.channelKey, receiptKey: reply.receiptKey } };
}
