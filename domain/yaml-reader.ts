/**
 * Reads YAML that someone else wrote, strictly: plain maps, lists and scalars, each key once. Aliases, anchors, tags
 * and merge keys are refused, so a text means what it shows and cannot grow while it is read. Every complaint names
 * the line and the column.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { ErrorCode } from './errors.ts';
import { StrongroomError } from './errors.ts';

/** What is wrong in a text, and what to write instead. */
export type Complain = (node: unknown, problem: string, next?: string) => StrongroomError;

export interface YamlSource {
  /** The top node of the text, for the functions below. */
  readonly root: unknown;
  readonly complain: Complain;
  /** The content as plain values. */
  plain(): unknown;
}

export interface YamlRules {
  readonly code: ErrorCode;
  /** What the text is, for people: `container config digits/container_config.yaml`. */
  readonly what: string;
  readonly maxBytes: number;
}

/** A key of a map with its value; `node` is the key itself, so that a complaint can point at it. */
export interface Field {
  readonly node: Node;
  readonly name: string;
  readonly value: unknown;
}

/** Parses one YAML document under `rules`. Fails with `rules.code`. */
export function readYaml(text: string, rules: YamlRules): YamlSource {
  if (text.length > rules.maxBytes) {
    throw new StrongroomError(rules.code, `The ${rules.what} is too long.`, {
      why: `It has ${text.length} characters; ${rules.maxBytes} are allowed.`,
    });
  }
  const lines = new LineCounter();
  const complainAt = (offset: number | undefined, problem: string, next?: string) => {
    const at = lines.linePos(offset ?? 0);
    const place = `line ${at.line}, column ${at.col}`;
    return new StrongroomError(rules.code, `The ${rules.what} is wrong at ${place}: ${problem}`, next ? { next } : {});
  };
  const document = parse(text, lines, complainAt);
  refuseIndirection(document, complainAt);
  return {
    root: document.contents,
    complain: (node, problem, next) => complainAt(offsetOf(node), problem, next),
    plain: () => document.toJS({ maxAliasCount: 0 }) as unknown,
  };
}

type ComplainAt = (offset: number | undefined, problem: string, next?: string) => StrongroomError;

function parse(text: string, lines: LineCounter, complainAt: ComplainAt) {
  try {
    const options = {
      lineCounter: lines,
      schema: 'core',
      strict: true,
      uniqueKeys: true,
      prettyErrors: false,
    } as const;
    const document = parseDocument(text, options);
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem) throw complainAt(problem.pos[0], IN_OUR_WORDS[problem.code] ?? sentence(problem.message));
    if (document.directives.yaml.explicit) throw complainAt(0, 'A "%YAML" directive is not allowed.', 'Leave it out.');
    return document;
  } catch (error) {
    // Thousands of nested brackets exhaust the parser's stack.
    if (error instanceof RangeError) throw complainAt(0, 'It is nested too deeply.');
    throw error;
  }
}

/** What the parser's codes mean, where its own words are for programmers. */
const IN_OUR_WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'The same name is given twice.',
  MULTIPLE_DOCS: 'A second document begins here.',
  TAB_AS_INDENT: 'A tab is used for indentation.',
  RESOURCE_EXHAUSTION: 'It is nested too deeply.',
  BAD_ALIAS: 'Aliases ("*name") are not allowed.',
  TAG_RESOLVE_FAILED: 'Tags ("!name") are not allowed.',
};

const sentence = (message: string) => `${message.replace(/\s+/g, ' ').replace(/\.$/, '')}.`;

function refuseIndirection(document: ReturnType<typeof parseDocument>, complainAt: ComplainAt): void {
  const refuse = (node: Node, what: string) =>
    complainAt(node.range?.[0], `${what} are not allowed.`, 'Write the value itself, each time it is needed.');
  visit(document, {
    Alias: (_key, node) => {
      throw refuse(node, 'Aliases ("*name")');
    },
    Node: (_key, node) => {
      if (node.anchor !== undefined) throw refuse(node, 'Anchors ("&name")');
      if (node.tag !== undefined) throw refuse(node, 'Tags ("!name")');
    },
  });
}

const offsetOf = (node: unknown): number | undefined =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? (node.range[0] as number)
    : undefined;

export const isAbsent = (node: unknown): boolean => node === null || node === undefined;

/** The fields of a map, in order. Fails where `node` is not a map or a key is not a text. */
export function fieldsOf(node: unknown, what: string, complain: Complain): Field[] {
  if (!isMap(node)) throw complain(node, `${what} must be a map of names and values.`);
  return node.items.map((pair: Pair) => {
    const key = pair.key;
    if (!isScalar(key) || typeof key.value !== 'string') {
      throw complain(key, `${what} has a name that is not a text.`, 'Put it in quotes.');
    }
    return { node: key, name: key.value, value: pair.value };
  });
}

/** The fields of a map by name; an unknown one is refused with the names that are known. */
export function knownFields<Name extends string>(
  node: unknown,
  what: string,
  known: readonly Name[],
  complain: Complain,
): Partial<Record<Name, Field>> {
  const found: Partial<Record<Name, Field>> = {};
  for (const field of fieldsOf(node, what, complain)) {
    const name = known.find((candidate) => candidate === field.name);
    if (name === undefined) {
      throw complain(field.node, `${what} has no ${JSON.stringify(field.name)}.`, `Known are: ${known.join(', ')}.`);
    }
    found[name] = field;
  }
  return found;
}

export function textOf(node: unknown, what: string, complain: Complain): string {
  if (isScalar(node) && typeof node.value === 'string') return node.value;
  throw complain(node, `${what} must be a text.`, isScalar(node) ? 'Put it in quotes.' : undefined);
}

/** A scalar as its author wrote it: `1.0` stays `1.0`. */
export function sourceTextOf(node: unknown, what: string, complain: Complain): string {
  if (isScalar(node)) {
    const { value, source } = node;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return source ?? String(value);
  }
  throw complain(node, `${what} must be a text.`, 'Put it in quotes.');
}

export function textListOf(node: unknown, what: string, complain: Complain): string[] {
  if (!isSeq(node)) throw complain(node, `${what} must be a list of texts.`);
  return node.items.map((item) => textOf(item, `Each entry of ${what}`, complain));
}
