/** Reads a command line against the definition of a command. */
import { parseArgs } from 'node:util';
import type { Argument, Arguments, Command, Option, Options } from './command.ts';
import { flag, option } from './command.ts';
import type { CommonOptions } from './context.ts';
import { usage } from './usage.ts';
import { unknownName } from './suggest.ts';
import { parseApiUrl, parsePath } from './values.ts';

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  json: flag('Print one JSON object on stdout, for errors too'),
  quiet: flag('Print only ids and names'),
  yes: flag('Answer every confirmation with yes'),
  'no-input': flag('Never ask; fail where an answer is needed'),
  home: option('DIR', "The party's folder (default: STRONGROOM_HOME)", parsePath),
  api: option('URL', "The platform's address", parseApiUrl),
  help: flag('Show this help'),
} as const;

const SHORT: Readonly<Record<string, string>> = { h: 'help', q: 'quiet', y: 'yes' };

const isCommon = (word: string): boolean => {
  const name = word.replace(/^-+/, '').split('=')[0] ?? '';
  return (word.startsWith('--') ? name : (SHORT[name] ?? name)) in COMMON_OPTIONS;
};

const WATCH = { watch: flag('Ask again and again, and show each change') } as const;

/** What a command takes besides the options of every command. */
export const optionsOf = ({ options = {}, watchable = false }: Command): Options =>
  watchable ? { ...options, ...WATCH } : options;

export interface SplitLine {
  /** The words that name the command, as far as they were given. */
  readonly words: readonly string[];
  readonly rest: readonly string[];
}

/** Takes the words that name a command off a command line; common options may stand before and between them. */
export function splitCommandLine(argv: readonly string[], isGroup: (word: string) => boolean): SplitLine {
  const words: string[] = [];
  const rest = [...argv];
  for (let at = 0; at < rest.length && words.length < 2;) {
    const word = rest[at] ?? '';
    if (word === '--') break;
    if (word.startsWith('-')) {
      if (!isCommon(word)) break;
      at += word === '--home' || word === '--api' ? 2 : 1;
      continue;
    }
    words.push(word);
    rest.splice(at, 1);
    if (!isGroup(word)) break;
  }
  return { words, rest };
}

export interface Given {
  readonly common: CommonOptions;
  readonly watch: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The options that every command takes; anything else is left alone. Never fails, so that errors can be shown. */
export function readMode(argv: readonly string[]): { readonly json: boolean; readonly help: boolean } {
  const end = argv.indexOf('--');
  const before = end < 0 ? argv : argv.slice(0, end);
  return { json: before.includes('--json'), help: before.includes('--help') || before.includes('-h') };
}

/** Fails with `E_USAGE` for what the command does not take, and with what its parsers say of the values. */
export function readCommandLine(command: Command, argv: readonly string[]): Given {
  const help = `strongroom ${command.name} --help`;
  const specs: Options = { ...optionsOf(command), ...COMMON_OPTIONS };
  const { values, positionals } = tokens(specs, argv, help);
  const read = (name: string, spec: Option<unknown>) => spec.read(values.get(name) ?? [], `--${name}`);
  const readAll = (all: Options) =>
    Object.fromEntries(Object.entries(all).map(([name, spec]) => [name, read(name, spec)]));
  // These are the values of COMMON_OPTIONS, each made by its own parser.
  const common = readAll(COMMON_OPTIONS) as unknown as CommonOptions;
  return {
    common,
    watch: values.has('watch'),
    options: readAll(command.options ?? {}),
    arguments: readArguments(command.arguments ?? {}, positionals, help),
  };
}

function tokens(specs: Options, argv: readonly string[], help: string) {
  const parsed = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, spec]) => [
        name,
        { type: spec.takes === null ? 'boolean' : 'string' } as const,
      ]),
    ),
  });
  const values = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of parsed.tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = token.rawName.startsWith('--') ? token.name : (SHORT[token.name] ?? token.name);
    const spec = specs[name];
    if (!spec)
      throw unknownName(
        'option',
        token.rawName,
        Object.keys(specs).map((known) => `--${known}`),
        help,
      );
    const value = valueOf(spec, `--${name}`, token.value, token.inlineValue ?? false);
    const before = values.get(name) ?? [];
    if (before.length > 0 && !spec.repeatable && spec.takes !== null) throw usage(`--${name} is given twice.`);
    values.set(name, [...before, value]);
  }
  return { values, positionals };
}

function valueOf(spec: Option<unknown>, name: string, value: string | undefined, inline: boolean): string {
  if (spec.takes === null) {
    if (value !== undefined) throw usage(`${name} takes no value.`);
    return '';
  }
  const swallowed = !inline && value !== undefined && value.startsWith('--');
  if (value === undefined || value === '' || swallowed)
    throw usage(`${name} needs a value.`, `Write ${name} ${spec.takes}.`);
  return value;
}

function readArguments(specs: Arguments, given: readonly string[], help: string): Record<string, unknown> {
  const entries: [string, Argument<unknown>][] = Object.entries(specs);
  const extra = given[entries.length];
  if (extra !== undefined) throw usage(`${JSON.stringify(extra)} is one argument too many.`, `See ${help}.`);
  return Object.fromEntries(
    entries.map(([name, spec], index) => {
      const text = given[index];
      if (text === undefined && !spec.optional) throw usage(`${name.toUpperCase()} is missing.`, `See ${help}.`);
      return [name, spec.read(text, name.toUpperCase())];
    }),
  );
}
