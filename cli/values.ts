/** How values on a command line are written: numbers, lengths of time, dates. */
import { resolve } from 'node:path';
import { usage } from './usage.ts';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `90s`, `15m`, `2h`, `30d` or `4w`, in seconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})([smhdw])$/.exec(text);
  const seconds = match ? Number(match[1]) * (SECONDS[match[2] ?? ''] ?? 0) : 0;
  if (seconds > 0) return seconds;
  throw usage(
    `${JSON.stringify(text)} is not a length of time.`,
    'Write a number with s, m, h, d or w, for instance 15m.',
  );
}

export function parseCount(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usage(`${JSON.stringify(text)} is not a whole number above zero.`);
}

/** A date (`2027-01-31`), a time (`2027-01-31T12:00:00Z`) or a length of time from now (`30d`), as ISO 8601. */
export function parseMoment(text: string): string {
  if (/^\d+[smhdw]$/.test(text)) return new Date(Date.now() + parseDuration(text) * 1000).toISOString();
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw usage(
      `${JSON.stringify(text)} is not a date.`,
      'Write 2027-01-31, or a length of time from now such as 30d.',
    );
  }
  if (time <= Date.now()) throw usage(`${text} is in the past.`, 'Write a date to come.');
  return new Date(time).toISOString();
}

/** A date, a time, or a length of time before now (`7d`), as ISO 8601: for what happened since or until then. */
export function parsePast(text: string): string {
  if (/^\d+[smhdw]$/.test(text)) return new Date(Date.now() - parseDuration(text) * 1000).toISOString();
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw usage(`${JSON.stringify(text)} is not a date.`, 'Write 2027-01-31, or a length of time before now such as 7d.');
}

/** A path as it is meant from where the command was started: agents and servers run elsewhere. */
export const parsePath = (text: string): string => resolve(text);

/** The path of what must be a file: it is read twice, or appears only when it is complete, and a pipe can do neither. */
export function parseFile(text: string): string {
  if (text !== '-') return parsePath(text);
  throw usage('- is not a file.', 'Name a file here; one that is called so is ./-.');
}

/** The address of a platform: http(s), without a user name, a query or a trailing slash. */
export function parseApiUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain =
    url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '';
  if (plain) return text.replace(/\/+$/, '');
  throw usage(`${JSON.stringify(text)} is not the address of a platform.`, 'Write http(s)://host[:port].');
}

/** One of a few words. */
export const parseChoice =
  <const Choice extends string>(choices: readonly Choice[]) =>
  (text: string): Choice => {
    const choice = choices.find((candidate) => candidate === text);
    if (choice !== undefined) return choice;
    throw usage(`${JSON.stringify(text)} is not known.`, `Write one of: ${choices.join(', ')}.`);
  };
