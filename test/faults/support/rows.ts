/** What came of each fault, as a row of docs/reliability.md; kept where FAULTS_ROWS names a file. */
import { appendFileSync } from 'node:fs';
import type { Watched } from './api-watch.ts';

export interface Row {
  readonly fault: string;
  /** What somebody sees who uses the platform meanwhile. */
  readonly seen: string;
  /** Seconds; `null` where nobody notices. */
  readonly noticedAfter: number | null;
  readonly backAfter: number;
  readonly lost: number;
  readonly doubled: number;
}

export function keepRow(row: Row): void {
  const file = process.env.FAULTS_ROWS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}

const WORDS: Readonly<Record<string, string>> = {
  'no connection': 'no connection',
  '503': '503 with `Retry-After`',
};

/** What a caller of the API saw, in words. */
export const seenIn = ({ seen }: Watched): string =>
  seen.length === 0 ? 'nothing: answers go on' : seen.map((what) => WORDS[what] ?? what).join(', then ');
