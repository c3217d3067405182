/**
 * The canonical manifest of a function: a text of one line a file, whose SHA-256 is the function's checksum. It holds
 * paths, the executable bit, sizes and digests, and nothing else: not the folder's name, not an archiver, not a time.
 */
import { StrongroomError } from './errors.ts';
import type { Sha256 } from './ids.ts';
import { parseSha256 } from './ids.ts';

export interface FunctionFile {
  /** Relative, with `/`, in Unicode NFC. */
  readonly path: string;
  readonly mode: '0644' | '0755';
  readonly size: number;
  readonly sha256: Sha256;
}

export const MANIFEST_VERSION = 'strongroom-function 1';
export const MAX_FILES = 10_000;
export const MAX_TOTAL_BYTES = 1024 ** 3;
const MAX_PATH_BYTES = 255;

const invalid = (what: string, why: string, next?: string): StrongroomError =>
  new StrongroomError('E_FUNCTION_INVALID', what, { why, ...(next !== undefined && { next }) });

/** A path inside a function's folder. Fails with `E_FUNCTION_INVALID` on everything that could lead elsewhere. */
export function parseFunctionPath(text: string): string {
  const problem = pathProblem(text);
  if (problem === null) return text;
  throw invalid(`The path ${JSON.stringify(text.slice(0, 300))} is not allowed in a function.`, problem);
}

function pathProblem(path: string): string | null {
  if (path === '') return 'It is empty.';
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES) return `It is longer than ${MAX_PATH_BYTES} bytes.`;
  if (path.startsWith('/') || /^[a-zA-Z]:/.test(path)) return 'It is absolute.';
  if (path.includes('\\')) return 'It has a backslash.';
  if (/\p{C}/u.test(path)) return 'It has a control character or one that does not show.';
  if (path !== path.normalize('NFC')) return 'It is not in Unicode NFC, so two systems would write it differently.';
  const parts = path.split('/');
  if (parts.includes('')) return 'It has an empty part.';
  return parts.includes('..') || parts.includes('.') ? 'It has a part "." or "..".' : null;
}

/** `files` in the order of the manifest. Fails with `E_FUNCTION_INVALID` where they make no function. */
export function orderFunctionFiles(files: readonly FunctionFile[]): readonly FunctionFile[] {
  if (files.length > MAX_FILES) throw invalid('The function has too many files.', `At most ${MAX_FILES} are allowed.`);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_TOTAL_BYTES) {
    throw invalid('The function is too large.', `It has ${total} bytes; at most ${MAX_TOTAL_BYTES} are allowed.`);
  }
  files.forEach(({ path }) => parseFunctionPath(path));
  refuseCollisions(files.map(({ path }) => path));
  return [...files].sort((one, other) => compareBytes(one.path, other.path));
}

/** Refuses two names that a system which ignores case would take for one, and a file that is also a folder. */
function refuseCollisions(paths: readonly string[]): void {
  const claimed = new Map<string, string>();
  const claim = (path: string, folder: string | null) => {
    const name = path.toUpperCase().toLowerCase();
    const known = claimed.get(name);
    if (known !== undefined && (folder === null || known !== folder)) {
      const why = 'Two of its names are the same, or differ in case only.';
      throw invalid(`The function has ${JSON.stringify(path)} twice.`, why);
    }
    claimed.set(name, folder ?? '');
  };
  for (const path of paths) {
    claim(path, null);
    const parts = path.split('/');
    parts.slice(1).forEach((_, at) => {
      const folder = parts.slice(0, at + 1).join('/');
      claim(folder, folder);
    });
  }
}

/** The order of `LC_ALL=C sort`: by the bytes of the UTF-8 form. */
function compareBytes(one: string, other: string): number {
  const [first, second] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  const at = first.findIndex((byte, index) => byte !== second[index]);
  if (at === -1) return first.length - second.length;
  return (first[at] ?? 0) - (second[at] ?? -1);
}

/** The manifest's text. Its SHA-256, over UTF-8, is the function's checksum. */
export function formatFunctionManifest(files: readonly FunctionFile[]): string {
  const lines = orderFunctionFiles(files).map(({ path, mode, size, sha256 }) => `${sha256} ${mode} ${size} ${path}\n`);
  return `${MANIFEST_VERSION}\n${lines.join('')}`;
}

/** The files of a manifest. Fails with `E_FUNCTION_INVALID` unless `text` is exactly what is written for them. */
export function parseFunctionManifest(text: string): readonly FunctionFile[] {
  const [version, ...lines] = text.split('\n');
  if (version !== MANIFEST_VERSION || lines.pop() !== '' || lines.length > MAX_FILES) throw notCanonical();
  const files = lines.map(parseLine);
  if (formatFunctionManifest(files) !== text) throw notCanonical();
  return files;
}

function parseLine(line: string): FunctionFile {
  const match = /^([0-9a-f]{64}) (0644|0755) (\d{1,10}) (.+)$/.exec(line);
  const [, sha256 = '', mode = '', size = '', path = ''] = match ?? [];
  if (match === null) throw notCanonical();
  return { path, mode: mode === '0755' ? '0755' : '0644', size: Number(size), sha256: parseSha256(sha256) };
}

const notCanonical = () =>
  invalid('The manifest of the function is not in its canonical form.', 'A line is wrong or at another place.');
