/**
 * The tasks of a container, done by a function. `infer` calls it for each file of the data and keeps the answers in
 * `predictions.json`; `evaluate` calls it once, with the files of predictions and labels, for the results.
 */
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunLimits } from '../containers/run-limits.ts';
import { StrongroomError } from '../domain/errors.ts';
import { deploy, type RunningFunction } from '../enclave/host/running-function.ts';

interface FunctionRun {
  /** Zeroed when the run is over. */
  readonly bundle: Buffer;
  readonly limits: RunLimits;
  readonly signal: AbortSignal;
}

interface Took {
  readonly seconds: number;
}

const PREDICTIONS = 'predictions.json';

/** `{ data_path, output_path }`: an entry for each file, in the order of their names. */
export function inferByFunction(run: FunctionRun, volumes: Readonly<Record<string, string>>): Promise<Took> {
  const { data_path: data = '', output_path: output = '' } = volumes;
  return withFunction(run, async (running) => {
    const files = await filesIn(data);
    if (files.length === 0) {
      throw new StrongroomError('E_CONTAINER_OUTPUT_EMPTY', 'There is no file for which the function could be called.');
    }
    const predictions: unknown[] = [];
    for (const file of files) {
      const { bytes } = await running.call(await readFile(path.join(data, file)));
      predictions.push(predictionOf(file, answerOf(bytes)));
      bytes.fill(0);
    }
    await mkdir(output, { recursive: true, mode: 0o700 });
    await writeBounded(path.join(output, PREDICTIONS), `${JSON.stringify(predictions, null, 1)}\n`, run.limits);
  });
}

/** An answer that is an object stands beside the name of its file, any other one under `answer`. */
const predictionOf = (file: string, answer: unknown): unknown =>
  typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? { ...answer, file } : { file, answer };

/** `{ predictions, labels, output_path }`: two folders as texts by file name, and the file for the results. */
export function evaluateByFunction(
  run: FunctionRun,
  volumes: { readonly predictions: string; readonly labels: string; readonly output_path: string },
): Promise<Took> {
  return withFunction(run, async (running) => {
    const input = { predictions: await textsIn(volumes.predictions), labels: await textsIn(volumes.labels) };
    const { bytes } = await running.call(Buffer.from(JSON.stringify(input)));
    await writeBounded(volumes.output_path, `${JSON.stringify(answerOf(bytes))}\n`, run.limits);
  });
}

/** In a sandbox of its own, no longer than the run may take, and gone with it. */
async function withFunction(run: FunctionRun, work: (running: RunningFunction) => Promise<void>): Promise<Took> {
  const { bundle, limits, signal } = run;
  const began = performance.now();
  const deadline = AbortSignal.timeout(limits.timeoutSeconds * 1000);
  const ended = AbortSignal.any([signal, deadline]);
  try {
    const running = await deploy(bundle, { most: mostOf(limits) });
    const stop = () => void running.stop();
    ended.addEventListener('abort', stop);
    if (ended.aborted) stop();
    try {
      await work(running);
    } finally {
      ended.removeEventListener('abort', stop);
      await running.stop();
    }
    return { seconds: (performance.now() - began) / 1000 };
  } catch (error) {
    if (signal.aborted) throw new StrongroomError('E_INTERRUPTED', 'The run was interrupted.', { cause: error });
    if (deadline.aborted) throw tookTooLong(limits, error);
    throw error;
  } finally {
    bundle.fill(0);
  }
}

const tookTooLong = ({ timeoutSeconds }: RunLimits, cause: unknown) =>
  new StrongroomError('E_CONTAINER_TIMEOUT', `The function was not done after ${timeoutSeconds} seconds.`, {
    next: 'Raise the limit if you trust the function, or ask its author.',
    cause,
  });

const mostOf = ({ memoryBytes, timeoutSeconds, cpus }: RunLimits) => ({
  memoryMb: Math.floor(memoryBytes / 1024 ** 2),
  seconds: timeoutSeconds,
  threads: Math.max(1, Math.floor(cpus)),
});

/** Names of the plain files in a folder and below, sorted. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

async function textsIn(folder: string): Promise<Record<string, string>> {
  const texts: [string, string][] = [];
  for (const file of await filesIn(folder)) texts.push([file, await readFile(path.join(folder, file), 'utf8')]);
  return Object.fromEntries(texts);
}

function answerOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new StrongroomError('E_FUNCTION_FAILED', 'The function answered something that is no JSON.', {
      why: 'As a container, a function must answer with JSON.',
      next: 'Set output.type in function.yaml to json.',
    });
  }
}

/** Nothing that is there is overwritten, and no link is followed. */
async function writeBounded(file: string, text: string, { outputMaxBytes }: RunLimits): Promise<void> {
  if (Buffer.byteLength(text) > outputMaxBytes) {
    throw new StrongroomError('E_CONTAINER_OUTPUT_TOO_LARGE', 'The function answered too much.', {
      why: `${outputMaxBytes} bytes are allowed.`,
    });
  }
  const target = await open(file, 'wx', 0o600);
  try {
    await writeFile(target, text);
  } finally {
    await target.close();
  }
}
