/** The commands that the README shows, as they stand there; none may be left untried. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const README = path.resolve(import.meta.dirname, '..', '..', 'README.md');
const SHELL_BLOCK = /^```sh\n(.*?)^```$/gms;

export class ReadmeCommands {
  readonly #lines: readonly string[];
  readonly #tried = new Set<string>();

  constructor(readme = readFileSync(README, 'utf8')) {
    const blocks = [...readme.matchAll(SHELL_BLOCK)].map(([, block = '']) => block.replace(/\\\n\s*/g, ''));
    this.#lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line !== '');
  }

  /** The README's only command that begins so, with what it leaves open filled in. */
  take(beginning: string, fill: Readonly<Record<string, string>> = {}): string {
    const found = [...new Set(this.#lines.filter((line) => line.startsWith(beginning)))];
    const [line] = found;
    if (line === undefined || found.length > 1) {
      throw new Error(`The README has ${found.length} different commands "${beginning} …".`);
    }
    this.#tried.add(line);
    return Object.entries(fill).reduce((text, [gap, value]) => text.replaceAll(gap, value), line);
  }

  get untried(): string[] {
    return this.#lines.filter((line) => !this.#tried.has(line));
  }
}
