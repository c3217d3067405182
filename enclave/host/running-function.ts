/**
 * A deployed function that runs in an enclave-style runner. This is what the platform's enclave worker calls: `deploy`,
 * and then `attest`, `call`, `exchange` and `stop` on what it gives. A runner that ends costs the call that ended it;
 * the next one gets a new runner, with new keys.
 */
import { readFunctionHead } from '../../crypto/function-bundle.ts';
import { StrongroomError } from '../../domain/errors.ts';
import type { FunctionConfig, FunctionLimits, OutputType } from '../../domain/function.ts';
import { checkInputLength } from '../../domain/function.ts';
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
const START_SECONDS = 60;

export interface DeployOptions extends SandboxOptions {
  readonly policy?: RecyclePolicy;
  /** What whoever runs the function allows it at most, whatever `function.yaml` says. */
  readonly most?: FunctionLimits;
}

/** The public halves of the keys that a runner made inside, raw and in base64url. */
export interface RunnerKeys {
  /** X25519: what is sealed to it, only this runner opens. */
  readonly channelKey: string;
  /** Ed25519: signs the runner's receipts. */
  readonly receiptKey: string;
}

export interface FunctionAnswer {
  readonly type: OutputType;
  /** The caller zeroes it where it matters. */
  readonly bytes: Buffer;
  /** Time inside the handler. */
  readonly seconds: number;
}

export interface RunningFunction {
  readonly config: FunctionConfig;
  readonly checksum: Sha256;
  /** SHA-256 of each model, in the order of `function.yaml`. */
  readonly models: readonly Sha256[];
  /** The keys of the runner that is there now; a new runner has others. */
  keys(): Promise<RunnerKeys>;
  /** Calls the function with `input` in the open. For parties that run a function for themselves. */
  call(input: Uint8Array): Promise<FunctionAnswer>;
  /** Ends the runner. Calls that are under way fail with `E_RUNNER_RESTARTED`. */
  stop(): Promise<void>;
}

/**
 * Starts a runner and puts the function of `bundle` (see crypto/function-bundle.ts) into it. Fails with
 * `E_FUNCTION_INVALID`, `E_MODEL_INVALID`, `E_FUNCTION_MEMORY`, `E_FUNCTION_TIMEOUT` or `E_SANDBOX_MISSING`.
 */
export async function deploy(bundle: Buffer, options: DeployOptions = {}): Promise<RunningFunction> {
  // The runner checks the rest of it: what is hostile in there does not get a look at the host.
  const { config: wanted, checksum } = readFunctionHead(bundle);
  const config = { ...wanted, limits: bounded(wanted.limits, options.most) };
  const runners = new Runners(bundle, config, options);
  const { models } = await runners.current();
  return {
    config,
    checksum,
    models,
    keys: async () => (await runners.current()).keys,
    call: (input) => runners.call(input),
    stop: () => runners.stop(),
  };
}

interface Ready {
  readonly process: RunnerProcess;
  readonly keys: RunnerKeys;
  readonly models: readonly Sha256[];
  calls: number;
}

const bounded = (wanted: FunctionLimits, most: FunctionLimits = wanted): FunctionLimits => ({
  memoryMb: Math.min(wanted.memoryMb, most.memoryMb),
  seconds: Math.min(wanted.seconds, most.seconds),
  threads: Math.min(wanted.threads, most.threads),
});

/** The runners of one function, one after the other. */
class Runners {
  readonly #bundle: Buffer;
  readonly #config: FunctionConfig;
  readonly #options: DeployOptions;
  readonly #policy: RecyclePolicy;
  /** The runner that is there or being started: whoever asks meanwhile waits for the same start. */
  #current: Promise<Ready> | null = null;
  #stopped = false;
  #underWay = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(bundle: Buffer, config: FunctionConfig, options: DeployOptions) {
    this.#bundle = bundle;
    this.#config = config;
    this.#options = options;
    this.#policy = options.policy ?? DEFAULT_POLICY;
  }

  /** A runner that lives, started where there is none. */
  async current(): Promise<Ready> {
    this.#current ??= this.#start();
    const ready = await this.#current;
    if (ready.process.alive) return ready;
    await ready.process.ended;
    return this.current();
  }

  async call(input: Uint8Array): Promise<FunctionAnswer> {
    // Before it goes in: what is too large for the runner's memory would end it.
    checkInputLength(input.length, this.#config.input);
    clearTimeout(this.#idle);
    this.#underWay++;
    try {
      return await this.#callOnce(input);
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) await this.#rest();
    }
  }

  /** Where another call ended the runner before it turned to this one, this one goes to the next runner. */
  async #callOnce(input: Uint8Array): Promise<FunctionAnswer> {
    for (;;) {
      const ready = await this.current();
      ready.calls++;
      try {
        const { seconds } = this.#config.limits;
        const { reply, body } = await ready.process.ask({ kind: 'call' }, input, 'answer', seconds);
        return { type: reply.type, bytes: body, seconds: reply.seconds };
      } catch (error) {
        const another = error instanceof StrongroomError && error.code === 'E_RUNNER_RESTARTED' && !this.#stopped;
        if (!another) throw error;
      }
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

  async #start(): Promise<Ready> {
    const forget = () => (this.#current = null);
    try {
      const runner = new RunnerProcess(await startRunner(this.#config.limits, this.#options));
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

  async #prepare(runner: RunnerProcess): Promise<Ready> {
    try {
      const { reply } = await runner.ask({ kind: 'identify' }, NOTHING, 'identity', START_SECONDS);
      const installed = await runner.ask({ kind: 'install' }, this.#bundle, 'installed', START_SECONDS);
      const keys = { channelKey: reply.channelKey, receiptKey: reply.receiptKey };
      return { process: runner, keys, models: installed.reply.models, calls: 0 };
    } catch (error) {
      await runner.stop();
      throw error;
    }
  }
}

const NOTHING = new Uint8Array();
