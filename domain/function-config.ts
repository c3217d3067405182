/** Parses `function.yaml`, and says of each mistake where it is and what to write instead. */
import { isScalar } from 'yaml';
import { StrongroomError } from './errors.ts';
import type { FunctionConfig, FunctionLimits } from './function.ts';
import {
  DEFAULT_INPUT_BYTES,
  DEFAULT_LIMITS,
  FUNCTION_CONFIG,
  INPUT_TYPES,
  LEAST_MEMORY_MB,
  MOST,
  OUTPUT_TYPES,
} from './function.ts';
import type { FunctionName } from './ids.ts';
import { parseFunctionName } from './ids.ts';
import { parseFunctionPath } from './function-manifest.ts';
import type { Complain, Field } from './yaml-reader.ts';
import { isAbsent, knownFields, readYaml, textListOf, textOf } from './yaml-reader.ts';

const MAX_LENGTH = 64 * 1024;
const KNOWN = ['name', 'entry', 'models', 'input', 'output', 'limits'] as const;

/** The config that `yamlText` holds. Fails with `E_FUNCTION_INVALID`, line and column included. */
export function parseFunctionConfig(yamlText: string): FunctionConfig {
  const { root, complain } = readYaml(yamlText, {
    code: 'E_FUNCTION_INVALID',
    what: FUNCTION_CONFIG,
    maxBytes: MAX_LENGTH,
  });
  const fields = knownFields(root, FUNCTION_CONFIG, KNOWN, complain);
  const required = (name: 'name' | 'entry'): Field => {
    const found = fields[name];
    if (found) return found;
    throw complain(root, `"${name}" is missing.`, 'Write at least name and entry.');
  };
  return {
    name: nameOf(required('name').value, complain),
    entry: entryOf(required('entry').value, complain),
    models: modelsOf(fields.models?.value, complain),
    input: inputOf(fields.input?.value, complain),
    output: outputOf(fields.output?.value, complain),
    limits: limitsOf(fields.limits?.value, complain),
  };
}

function nameOf(node: unknown, complain: Complain): FunctionName {
  return reworded(() => parseFunctionName(textOf(node, '"name"', complain)), node, complain);
}

function entryOf(node: unknown, complain: Complain): string {
  const path = pathOf(textOf(node, '"entry"', complain), node, complain);
  if (/\.(?:ts|mts|js|mjs|cjs)$/.test(path)) return path;
  throw complain(node, 'The entry must be TypeScript or JavaScript.', 'Write a file that ends with .ts, .js or .mjs.');
}

function modelsOf(node: unknown, complain: Complain): readonly string[] {
  if (isAbsent(node)) return [];
  const paths = textListOf(node, '"models"', complain).map((text) => pathOf(text, node, complain));
  if (new Set(paths).size < paths.length) throw complain(node, 'A model is named twice.');
  const other = paths.find((path) => !path.endsWith('.onnx'));
  if (other === undefined) return paths;
  throw complain(node, `${JSON.stringify(other)} is no ONNX file.`, 'Name files that end with .onnx.');
}

function inputOf(node: unknown, complain: Complain): FunctionConfig['input'] {
  if (isAbsent(node)) return { type: 'bytes', maxBytes: DEFAULT_INPUT_BYTES };
  const fields = knownFields(node, '"input"', ['type', 'max_bytes'], complain);
  return {
    type: choiceOf(fields.type, INPUT_TYPES, 'bytes', complain),
    maxBytes: numberOf(fields.max_bytes, 1, MOST.inputBytes, DEFAULT_INPUT_BYTES, complain),
  };
}

function outputOf(node: unknown, complain: Complain): FunctionConfig['output'] {
  if (isAbsent(node)) return { type: 'json' };
  return { type: choiceOf(knownFields(node, '"output"', ['type'], complain).type, OUTPUT_TYPES, 'json', complain) };
}

function limitsOf(node: unknown, complain: Complain): FunctionLimits {
  if (isAbsent(node)) return DEFAULT_LIMITS;
  const fields = knownFields(node, '"limits"', ['memory_mb', 'seconds', 'threads'], complain);
  const { memoryMb, seconds, threads } = DEFAULT_LIMITS;
  return {
    memoryMb: numberOf(fields.memory_mb, LEAST_MEMORY_MB, MOST.memoryMb, memoryMb, complain),
    seconds: numberOf(fields.seconds, 1, MOST.seconds, seconds, complain),
    threads: numberOf(fields.threads, 1, MOST.threads, threads, complain),
  };
}

function choiceOf<Choice extends string>(
  field: Field | undefined,
  choices: readonly Choice[],
  otherwise: Choice,
  complain: Complain,
): Choice {
  if (field === undefined) return otherwise;
  const text = textOf(field.value, `"${field.name}"`, complain);
  const choice = choices.find((candidate) => candidate === text);
  if (choice !== undefined) return choice;
  throw complain(field.value, `${JSON.stringify(text)} is not known.`, `Write one of: ${choices.join(', ')}.`);
}

function numberOf(
  field: Field | undefined,
  least: number,
  most: number,
  otherwise: number,
  complain: Complain,
): number {
  if (field === undefined) return otherwise;
  const value: unknown = isScalar(field.value) ? field.value.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw complain(field.value, `"${field.name}" must be a whole number from ${least} to ${most}.`);
}

const pathOf = (text: string, node: unknown, complain: Complain): string =>
  reworded(() => parseFunctionPath(text), node, complain);

/** The same complaint with its place in the text. */
function reworded<Value>(parse: () => Value, node: unknown, complain: Complain): Value {
  try {
    return parse();
  } catch (error) {
    throw error instanceof StrongroomError ? complain(node, error.message, error.why ?? error.next) : error;
  }
}
