/** A command is data: what it is called, what it takes, and what it does. Help, parsing and checks follow from it. */
import type { ErrorCode } from '../domain/errors.ts';
import { StrongroomError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import type { Outcome } from './output.ts';
import { usage } from './usage.ts';

export interface Option<Value> {
  /** The word for its value in the help, for instance `FILE`; `null` for a flag. */
  readonly takes: string | null;
  readonly summary: string;
  readonly repeatable: boolean;
  /** Turns what was given (nothing, one value, or several where repeatable) into what the command gets. */
  read(given: readonly string[], name: string): Value;
}

export interface Argument<Value> {
  readonly summary: string;
  readonly optional: boolean;
  read(given: string | undefined, name: string): Value;
}

type ValuesOf<Specs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends Option<infer Value> | Argument<infer Value> ? Value : never;
};

export type Options = Readonly<Record<string, Option<unknown>>>;
export type Arguments = Readonly<Record<string, Argument<unknown>>>;

export interface Command<Args extends Arguments = Arguments, Opts extends Options = Options> {
  readonly name: string;
  readonly summary: string;
  /** Complete command lines; the help begins with them. */
  readonly examples: readonly [string, ...string[]];
  /** More for the help, for those who want to know. */
  readonly details?: string;
  readonly arguments?: Args;
  readonly options?: Opts;
  /** Whether what it shows changes by itself: then it takes `--watch`. */
  readonly watchable?: boolean;
  run(
    given: { readonly arguments: ValuesOf<Args>; readonly options: ValuesOf<Opts> },
    context: Context,
  ): Promise<Outcome>;
}

/** Gives the parts of a command their types; the command itself is returned as it is. */
export const defineCommand = <const Args extends Arguments, const Opts extends Options>(
  command: Command<Args, Opts>,
): Command<Args, Opts> => command;

type Parse<Value> = (text: string) => Value;
const asText: Parse<string> = (text) => text;

export const flag = (summary: string): Option<boolean> => ({
  takes: null,
  summary,
  repeatable: false,
  read: (given) => given.length > 0,
});

export function option(takes: string, summary: string): Option<string | undefined>;
export function option<Value>(takes: string, summary: string, parse: Parse<Value>): Option<Value | undefined>;
export function option(takes: string, summary: string, parse: Parse<unknown> = asText): Option<unknown> {
  const read: Option<unknown>['read'] = ([text], name) => (text === undefined ? undefined : parsed(parse, text, name));
  return { takes, summary, repeatable: false, read };
}

export function requiredOption(takes: string, summary: string): Option<string>;
export function requiredOption<Value>(takes: string, summary: string, parse: Parse<Value>): Option<Value>;
export function requiredOption(takes: string, summary: string, parse: Parse<unknown> = asText): Option<unknown> {
  const read: Option<unknown>['read'] = ([text], name) => {
    if (text === undefined) throw usage(`${name} is missing.`, `Add ${name} ${takes}.`);
    return parsed(parse, text, name);
  };
  return { takes, summary: `${summary} (required)`, repeatable: false, read };
}

/** May be given several times, or once with commas between the values. */
export const listOption = <Value>(takes: string, summary: string, parse: Parse<Value>): Option<readonly Value[]> => ({
  takes,
  summary,
  repeatable: true,
  read: (given, name) =>
    given
      .flatMap((text) => text.split(','))
      .filter((text) => text !== '')
      .map((text) => parsed(parse, text, name)),
});

export function argument(summary: string): Argument<string>;
export function argument<Value>(summary: string, parse: Parse<Value>): Argument<Value>;
export function argument(summary: string, parse: Parse<unknown> = asText): Argument<unknown> {
  const read: Argument<unknown>['read'] = (text, name) => {
    if (text === undefined) throw usage(`${name} is missing.`);
    return parsed(parse, text, name);
  };
  return { summary, optional: false, read };
}

/** An argument that may be left out. */
export const optionalArgument = <Value>(summary: string, parse: Parse<Value>): Argument<Value | undefined> => ({
  summary,
  optional: true,
  read: (text, name) => (text === undefined ? undefined : parsed(parse, text, name)),
});

function parsed<Value>(parse: Parse<Value>, text: string, name: string): Value {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error;
    const code: ErrorCode = error.code;
    throw new StrongroomError(code, `${name}: ${error.message}`, {
      ...(error.why !== undefined && { why: error.why }),
      ...(error.next !== undefined && { next: error.next }),
    });
  }
}
