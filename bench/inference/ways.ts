/** The ways to call a model that are compared. Each is started once and then asked for rounds of calls. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { deploy } from '../../enclave/host/running-function.ts';
import { memoryBelow, memoryOf } from './memory.ts';
import type { BenchModel } from './models.ts';
import { bundleOf, inputOf } from './models.ts';
import type { RawQuestion, RawReady } from './raw.ts';
import type { Round } from './rounds.ts';
import { runRound } from './rounds.ts';

export interface Way {
  readonly name: string;
  /** Calls that can only be made all together, and are made once; left out where single calls can be measured. */
  readonly wholeRounds?: number;
  start(model: BenchModel, threads: number): Promise<StartedWay>;
}

export interface StartedWay extends AsyncDisposable {
  /** From no runner to the first answer, in milliseconds; null where another way has measured that. */
  readonly coldMs: number | null;
  round(calls: number, atOnce: number): Promise<Round>;
  /** Resident memory of what holds the model, in bytes. */
  memory(): Promise<number>;
}

/** onnxruntime in a process of its own that does nothing else; its times are taken inside. */
export const raw: Way = {
  name: 'raw onnxruntime',
  async start(model, threads) {
    const began = performance.now();
    const child = fork(new URL('./raw.ts', import.meta.url), [
      model.file,
      model.inputName,
      model.dims.join(),
      `${threads}`,
    ]);
    const answer = async <Answer>(): Promise<Answer> => ((await once(child, 'message')) as [Answer])[0];
    await answer<RawReady>();
    const coldMs = performance.now() - began;
    return {
      coldMs,
      round(calls, atOnce) {
        child.send({ calls, atOnce } satisfies RawQuestion);
        return answer<Round>();
      },
      memory: () => memoryOf(child.pid ?? 0),
      async [Symbol.asyncDispose]() {
        child.disconnect();
        await once(child, 'exit');
      },
    };
  },
};

/** The same model as a function in the sandbox, its input in the open. */
export const sandboxed: Way = {
  name: 'sandboxed runner',
  async start(model, threads) {
    const bundle = await bundleOf(model, threads);
    const input = inputOf(model);
    const bytes = new Uint8Array(input.buffer);
    const began = performance.now();
    const running = await deploy(bundle);
    await running.call(bytes);
    const coldMs = performance.now() - began;
    return {
      coldMs,
      round: (calls, atOnce) => runRound(calls, atOnce, () => running.call(bytes)),
      memory: () => memoryBelow(process.pid, 'bwrap'),
      [Symbol.asyncDispose]: () => running.stop(),
    };
  },
};
