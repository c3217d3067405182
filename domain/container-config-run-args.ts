/** `run_args` of a container config: what to start in the container, and with what. */
import { isSeq } from 'yaml';
import type { RunArgs } from './container-config.ts';
import { splitCommand } from './split-command.ts';
import type { Complain } from './yaml-reader.ts';
import { fieldsOf, isAbsent, knownFields, sourceTextOf, textListOf, textOf } from './yaml-reader.ts';

const KNOWN = ['command', 'entrypoint', 'environment', 'shm_size', 'gpus'] as const;

/** Parses `run_args`; a task without them starts its image as it is. */
export function parseRunArgs(node: unknown, complain: Complain): RunArgs {
  if (isAbsent(node)) return {};
  const fields = knownFields(node, '"run_args"', KNOWN, complain);
  const gpus = fields.gpus && parseGpus(fields.gpus.value, complain);
  return {
    ...(fields.command && { command: parseCommand(fields.command.value, complain) }),
    ...(fields.entrypoint && { entrypoint: parseEntrypoint(fields.entrypoint.value, complain) }),
    ...(fields.environment && { environment: parseEnvironment(fields.environment.value, complain) }),
    ...(fields.shm_size && { shmSize: parseSize(fields.shm_size.value, complain) }),
    ...(gpus !== undefined && { gpus }),
  };
}

function parseCommand(node: unknown, complain: Complain): string[] {
  if (isSeq(node)) return textListOf(node, '"command"', complain);
  const words = splitCommand(textOf(node, '"command"', complain));
  if (words) return words;
  throw complain(node, 'A quote in "command" is not closed.', 'Close it, or write the command as a list.');
}

function parseEntrypoint(node: unknown, complain: Complain): string {
  const text = textOf(node, '"entrypoint"', complain);
  if (text !== '') return text;
  throw complain(node, '"entrypoint" is empty.', 'Leave it out to start what the image starts.');
}

function parseEnvironment(node: unknown, complain: Complain): Record<string, string> {
  const variables = fieldsOf(node, '"environment"', complain).map((variable) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(variable.name)) {
      const next = 'Use letters, digits and underscores, and begin with no digit.';
      throw complain(variable.node, `${JSON.stringify(variable.name)} cannot name an environment variable.`, next);
    }
    const value = sourceTextOf(variable.value, `The variable ${variable.name}`, complain);
    if (value.includes('\0')) throw complain(variable.value, `The variable ${variable.name} holds a NUL character.`);
    return [variable.name, value] as const;
  });
  return Object.fromEntries(variables);
}

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** A size as Docker writes it: bytes, or a number with b, k, m, g or t (powers of 1,024), for instance `8gb`. */
function parseSize(node: unknown, complain: Complain): number {
  const match = /^([0-9]{1,15}(?:\.[0-9]{1,6})?)\s?([bkmgt]?)(?:i?b)?$/i.exec(
    sourceTextOf(node, '"shm_size"', complain),
  );
  const bytes = match ? Math.floor(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1)) : 0;
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw complain(node, '"shm_size" is not a size.', 'Write a number with a unit, for instance "8gb".');
}

/** `all`, a count, or `device=0,1`. Nothing, 0 and an empty text mean none. */
function parseGpus(node: unknown, complain: Complain): string | undefined {
  const text = sourceTextOf(node, '"gpus"', complain);
  if (text === '' || text === '0') return undefined;
  if (/^(?:all|[1-9][0-9]{0,2}|device=[\w:.-]+(?:,[\w:.-]+)*)$/.test(text)) return text;
  throw complain(node, `${JSON.stringify(text)} does not say which GPUs.`, 'Write all, a number, or "device=0,1".');
}
