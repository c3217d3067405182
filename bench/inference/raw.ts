/** The child that runs a model with nothing around it: `raw.ts MODEL INPUT DIMS THREADS`. */
import { readFile } from 'node:fs/promises';
import type { Round } from './rounds.ts';
import { runRound } from './rounds.ts';

export interface RawQuestion {
  readonly calls: number;
  readonly atOnce: number;
}
export interface RawReady {
  readonly ready: true;
}

process.env.ORT_DISABLE_TELEMETRY = '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');

const [, , file = '', inputName = '', dims = '', threads = '1'] = process.argv;
const sides = dims.split(',').map(Number);
const count = sides.reduce((product, side) => product * side, 1);
const input = Float32Array.from({ length: count }, (_, at) => ((at * 37) % 255) / 255);
const session = await InferenceSession.create(await readFile(file), {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4,
});
const call = () => session.run({ [inputName]: new Tensor('float32', input, sides) });

const answer = (message: Round | RawReady) => process.send?.(message);
process.on('message', ({ calls, atOnce }: RawQuestion) => {
  void runRound(calls, atOnce, call).then(answer);
});
await call();
answer({ ready: true });
