/** The machinery of configuration: settings are declared in a table, and read from the environment or a YAML file. */
import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { StrongroomError } from '../domain/errors.ts';

export interface Setting<T> {
  /** The environment variable. */
  readonly variable: string;
  readonly fallback: T;
  /** Shown as `(set)` only. */
  readonly secret: boolean;
  /** Fails with a sentence that says what is allowed. */
  readonly parse: (text: string) => T;
}

export type Table = Readonly<Record<string, Setting<unknown>>>;
export type Values<T extends Table> = { readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never };

export interface SettingRow {
  readonly key: string;
  readonly value: string;
  readonly origin: 'environment' | 'file' | 'default';
}

const setting = <T>(variable: string, fallback: T, parse: (text: string) => T): Setting<T> => ({
  variable,
  fallback,
  secret: false,
  parse,
});

export const text = (variable: string, fallback: string) => setting<string>(variable, fallback, (value) => value);
export const optional = (variable: string) => setting<string | null>(variable, null, (value) => value);
export const secret = (variable: string): Setting<string | null> => ({ ...optional(variable), secret: true });

export const integer = (variable: string, fallback: number, least = 0) =>
  setting<number>(variable, fallback, (value) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < least)
      throw new Error(`It takes a whole number of at least ${least}.`);
    return number;
  });

/** 0 takes a free one. */
export const port = (variable: string) =>
  setting<number>(variable, 0, (value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new Error('It takes a port: 0 to 65535.');
    return number;
  });

export const oneOf = <const Word extends string>(variable: string, fallback: Word, allowed: readonly Word[]) =>
  setting<Word>(variable, fallback, (value) => {
    const word = allowed.find((known) => known === value);
    if (word === undefined) throw new Error(`It takes one of ${allowed.join(', ')}.`);
    return word;
  });

export const decimal = (variable: string, fallback: number) =>
  setting<number>(variable, fallback, (value) => {
    const number = Number(value);
    if (!(number > 0)) throw new Error('It takes a number above 0.');
    return number;
  });

export const yesOrNo = (variable: string, fallback: boolean) =>
  setting<boolean>(variable, fallback, (value) => {
    if (value !== 'true' && value !== 'false') throw new Error('It takes true or false.');
    return value === 'true';
  });

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a table: the environment goes before the file, the file before the default. Fails with `E_CONFIG` for a value
 * that is not allowed, and for a key of the file or a `STRONGROOM_…` variable that nobody knows.
 */
export function readSettings<T extends Table>(
  table: T,
  known: readonly string[],
  environment: Environment,
  file: string | null,
): { readonly values: Values<T>; readonly rows: readonly SettingRow[] } {
  refuseUnknown(
    Object.keys(environment).filter((name) => name.startsWith('STRONGROOM_')),
    known,
    'variable',
  );
  const fromFile = file === null ? {} : readFile(file);
  refuseUnknown(Object.keys(fromFile), Object.keys(table), `key in ${file ?? 'the file'}`);
  const values: Record<string, unknown> = {};
  const rows: SettingRow[] = [];
  for (const [key, { variable, fallback, secret: hidden, parse: parseValue }] of Object.entries(table)) {
    const given = environment[variable];
    const origin =
      given !== undefined && given !== '' ? 'environment' : fromFile[key] !== undefined ? 'file' : 'default';
    const raw = origin === 'environment' ? given : fromFile[key];
    values[key] = origin === 'default' ? fallback : parseOr(variable, key, origin, () => parseValue(String(raw)));
    rows.push({ key, value: hidden && values[key] !== null ? '(set)' : JSON.stringify(values[key]), origin });
  }
  return { values: values as Values<T>, rows };
}

function readFile(file: string): Readonly<Record<string, string | number | boolean>> {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new StrongroomError('E_CONFIG', `${file} cannot be read.`, { why: message, cause: error });
  }
  const value = parseYaml(content, file);
  if (isSettings(value)) return value;
  throw new StrongroomError('E_CONFIG', `${file} is not a list of settings.`, {
    next: 'Write one "key: value" a line.',
  });
}

/** The parser's own message quotes the line, which may hold a password; only the place is said. */
function parseYaml(content: string, file: string): unknown {
  try {
    return parse(content) ?? {};
  } catch (error) {
    const { line = 1, col = 1 } = (error instanceof YAMLParseError && error.linePos?.[0]) || {};
    throw new StrongroomError('E_CONFIG', `${file} is not YAML: line ${line}, column ${col}.`, {
      next: 'Write one "key: value" a line.',
    });
  }
}

const isSettings = (value: unknown): value is Readonly<Record<string, string | number | boolean>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((entry) => ['string', 'number', 'boolean'].includes(typeof entry));

function parseOr<T>(variable: string, key: string, origin: 'environment' | 'file', read: () => T): T {
  try {
    return read();
  } catch (error) {
    const name = origin === 'environment' ? variable : key;
    throw new StrongroomError('E_CONFIG', `The setting ${name} has a value that is not allowed.`, {
      why: (error as Error).message,
    });
  }
}

function refuseUnknown(names: readonly string[], known: readonly string[], what: string): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const nearest = [...known].sort((left, right) => distance(unknown, left) - distance(unknown, right))[0];
  throw new StrongroomError('E_CONFIG', `There is no ${what} ${unknown}.`, {
    ...(nearest && { next: `Did you mean ${nearest}? All of them: strongroom config` }),
  });
}

/** Levenshtein's distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
