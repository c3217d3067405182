/** The command line in the hands of a person of the story, and what it leaves in the person's folder. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { failureIn, strongroom, type Failed, type RunOptions } from '../cli/support.ts';
import type { Person } from './cast.ts';

export interface Refusal extends Pick<Failed['error'], 'code' | 'message' | 'why' | 'next'> {
  readonly exit: number | null;
}

type Who = Pick<Person, 'home'>;

export const command = (who: Who, args: readonly string[], options: RunOptions = {}) =>
  strongroom(args, { ...options, env: { STRONGROOM_HOME: who.home.folder, ...options.env } });

/** What the command answers with `--json`; it must succeed. */
export async function answerTo<T = unknown>(who: Who, args: readonly string[], options: RunOptions = {}): Promise<T> {
  const ran = await command(who, [...args, '--json'], options);
  if (ran.code !== 0)
    throw new Error(`strongroom ${args.join(' ')} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
  return JSON.parse(ran.stdout) as T;
}

/** How the command is refused, with its exit code; it must be. */
export async function refusalOf(who: Who, args: readonly string[]): Promise<Refusal> {
  const ran = await command(who, [...args, '--json']);
  return { ...failureIn(ran), exit: ran.code };
}

/** Files of work in hand and keys that nobody registered; logs of runs are kept for their owner. */
export async function leftBehind({ home }: Who): Promise<string[]> {
  const files = await readdir(home.folder, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => path.relative(home.folder, path.join(file.parentPath, file.name)))
    .filter((file) => /^work\/|\.(pending|partial|next)$/.test(file));
}
