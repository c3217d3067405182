/** What a function is: a handler and its models, with what it takes, gives and may use. */
import { StrongroomError } from './errors.ts';
import type { FunctionName } from './ids.ts';

/** The file that makes a folder a function. */
export const FUNCTION_CONFIG = 'function.yaml';

export const INPUT_TYPES = ['image', 'tensor', 'bytes', 'text', 'json'] as const;
export const OUTPUT_TYPES = ['json', 'bytes', 'text'] as const;
export type InputType = (typeof INPUT_TYPES)[number];
export type OutputType = (typeof OUTPUT_TYPES)[number];

/** Of a deployed function: it is being tried in a runner, may be called, or was refused. */
export const FUNCTION_STATES = ['deploying', 'ready', 'failed'] as const;
export type FunctionState = (typeof FUNCTION_STATES)[number];

export interface FunctionLimits {
  /** Memory of the whole runner, in MiB. */
  readonly memoryMb: number;
  /** Time for one call, in seconds. */
  readonly seconds: number;
  /** Threads for one inference. */
  readonly threads: number;
}

export interface FunctionConfig {
  readonly name: FunctionName;
  /** The file that exports `handle`, by its path in the folder. */
  readonly entry: string;
  /** ONNX files, by their paths in the folder. */
  readonly models: readonly string[];
  readonly input: { readonly type: InputType; readonly maxBytes: number };
  readonly output: { readonly type: OutputType };
  readonly limits: FunctionLimits;
}

export const DEFAULT_LIMITS: FunctionLimits = { memoryMb: 1024, seconds: 30, threads: 1 };
export const DEFAULT_INPUT_BYTES = 16 * 1024 * 1024;
export const MOST = { memoryMb: 16_384, seconds: 600, threads: 16, inputBytes: 128 * 1024 * 1024 } as const;
/** Below this Node and onnxruntime do not start. */
export const LEAST_MEMORY_MB = 256;

/** Fails with `E_INPUT_INVALID` where an input of `length` bytes is more than the function takes. */
export function checkInputLength(length: number, { maxBytes }: FunctionConfig['input']): void {
  if (length <= maxBytes) return;
  throw new StrongroomError('E_INPUT_INVALID', 'The function cannot take this input.', {
    why: `It has ${length} bytes; the function takes at most ${maxBytes}.`,
  });
}
