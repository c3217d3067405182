/** Rounds in which all tools take turns, so that a slow moment of the machine meets each of them; and what they say. */
import { rm, stat } from 'node:fs/promises';
import { percentile } from '../inference/rounds.ts';
import type { Taken } from './measure.ts';
import { measure } from './measure.ts';
import type { Tool } from './tools.ts';

export type Step = 'encrypt' | 'decrypt';

export interface Row {
  readonly step: Step;
  readonly tool: string;
  readonly seconds: string;
  readonly 'MiB/s': number;
  /** How many times as fast as the first tool. */
  readonly 'times as fast': string;
  /** Processor time, as a multiple of the first tool's. */
  readonly 'times the CPU': string;
  readonly 'peak MB': number;
}

/** Encrypts and decrypts `input` with each tool, so many times; the median of each counts. */
export async function compare(tools: readonly Tool[], input: string, rounds: number): Promise<readonly Row[]> {
  const taken: Record<Step, Taken[][]> = { encrypt: tools.map(() => []), decrypt: tools.map(() => []) };
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, tool] of tools.entries()) {
      const [sealed, opened] = [`${input}.sealed`, `${input}.opened`];
      taken.encrypt[at]?.push(await measure(tool.encrypt(input, sealed)));
      taken.decrypt[at]?.push(await measure(tool.decrypt(sealed, opened)));
      await Promise.all([rm(sealed), rm(opened)]);
    }
  }
  const { size } = await stat(input);
  return (['encrypt', 'decrypt'] as const).flatMap((step) => rowsOf(step, tools, taken[step], size));
}

function rowsOf(step: Step, tools: readonly Tool[], taken: readonly Taken[][], size: number): Row[] {
  const medians = taken.map((all) => ({
    seconds: median(all.map((each) => each.seconds)),
    cpuSeconds: median(all.map((each) => each.cpuSeconds)),
    peakMemory: Math.max(...all.map((each) => each.peakMemory)),
  }));
  const [first] = medians;
  return medians.map(({ seconds, cpuSeconds, peakMemory }, at) => ({
    step,
    tool: tools[at]?.name ?? '',
    seconds: seconds.toFixed(2),
    'MiB/s': Math.round(size / seconds / 2 ** 20),
    'times as fast': ((first?.seconds ?? Number.NaN) / seconds).toFixed(2),
    'times the CPU': (cpuSeconds / (first?.cpuSeconds ?? Number.NaN)).toFixed(2),
    'peak MB': Math.round(peakMemory / 1e6),
  }));
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
