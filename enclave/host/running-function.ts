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
import type { RecyclePolicy, RunnerKeys } from './runners.ts';
import { Runners, START_SECONDS } from './runners.ts';
import type { SandboxOptions } from './start-runner.ts';

export interface DeployOptions extends SandboxOptions {
  readonly policy?: RecyclePolicy;
  /** What whoever runs the function allows it at most, whatever `function.yaml` says. */
  readonly most?: FunctionLimits;
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
  const runners = new Runners({
    ...options,
    limits: config.limits,
    install: async (starting) => {
      const { process } = await starting;
      return (await process.ask({ kind: 'install' }, bundle, 'installed', START_SECONDS)).reply;
    },
  });
  const { models } = await runners.current();
  return {
    config,
    checksum,
    models,
    keys: async () => (await runners.current()).keys,
    call: async (input) => {
      // Before it goes in: what is too large for the runner's memory would end it.
      checkInputLength(input.length, config.input);
      return runners.use(() => callOnce(runners, input, config.limits.seconds));
    },
    stop: () => runners.stop(),
  };
}

const bounded = (wanted: FunctionLimits, most: FunctionLimits = wanted): FunctionLimits => ({
  memoryMb: Math.min(wanted.memoryMb, most.memoryMb),
  seconds: Math.min(wanted.seconds, most.seconds),
  threads: Math.min(wanted.threads, most.threads),
});

/** Where another call ended the runner before it turned to this one, this one goes to the next runner. */
async function callOnce(runners: Runners, input: Uint8Array, seconds: number): Promise<FunctionAnswer> {
  for (;;) {
    const ready = await runners.current();
    ready.calls++;
    try {
      const { reply, body } = await ready.process.ask({ kind: 'call' }, input, 'answer', seconds);
      return { type: reply.type, bytes: body, seconds: reply.seconds };
    } catch (error) {
      const another = error instanceof StrongroomError && error.code === 'E_RUNNER_RESTARTED' && !runners.stopped;
      if (!another) throw error;
    }
  }
}
