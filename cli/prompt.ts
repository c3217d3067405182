/** Questions to the person at the terminal. Whoever is no terminal is never asked. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { StrongroomError } from '../domain/errors.ts';
import { usage } from './usage.ts';

export interface Question {
  readonly text: string;
  /** How to answer without a terminal, for instance `--yes`. */
  readonly insteadOf: string;
}

export class Prompt {
  readonly #allowed: boolean;
  readonly #yes: boolean;
  readonly #signal: AbortSignal;

  constructor(given: { readonly allowed: boolean; readonly yes: boolean; readonly signal: AbortSignal }) {
    this.#allowed = given.allowed && process.stdin.isTTY;
    this.#yes = given.yes;
    this.#signal = given.signal;
  }

  get possible(): boolean {
    return this.#allowed;
  }

  /** A line of text. Fails with `E_USAGE` where nobody can be asked. */
  async text(question: Question): Promise<string> {
    this.#require(question);
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await lines.question(`${question.text} `, { signal: this.#signal })).trim();
    } catch (error) {
      throw this.#signal.aborted || isAbort(error) ? interrupted() : error;
    } finally {
      lines.close();
    }
  }

  /** A line that is not shown while it is typed. */
  async secret(question: Question): Promise<string> {
    this.#require(question);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
    // Only now does the terminal no longer echo: whoever types at once would see the password otherwise.
    process.stderr.write(`${question.text} `);
    const ctrlC = new AbortController();
    lines.on('SIGINT', () => ctrlC.abort());
    try {
      return await lines.question('', { signal: AbortSignal.any([this.#signal, ctrlC.signal]) });
    } catch (error) {
      throw this.#signal.aborted || ctrlC.signal.aborted ? interrupted() : error;
    } finally {
      lines.close();
      process.stderr.write('\n');
    }
  }

  /** Yes or no, where `--yes` does not answer. */
  async decision(question: Question): Promise<boolean> {
    for (;;) {
      const answer = (await this.text({ ...question, text: `${question.text} [y/n]` })).toLowerCase();
      if (answer === 'y' || answer === 'yes') return true;
      if (answer === 'n' || answer === 'no') return false;
    }
  }

  /** A step that cannot be undone: `--yes`, or the name of what it concerns, typed. */
  async confirmByName(name: string, what: string): Promise<void> {
    if (this.#yes) return;
    const answer = await this.text({ text: `${what}\nType "${name}" to go on:`, insteadOf: '--yes' });
    if (answer !== name) throw usage(`That was not "${name}"; nothing was changed.`, 'Type the name, or add --yes.');
  }

  #require(question: Question): void {
    if (this.#allowed) return;
    throw new StrongroomError('E_USAGE', 'This needs an answer, and nobody can be asked here.', {
      why: `The question is: ${question.text}`,
      next: `Answer with ${question.insteadOf}.`,
    });
  }
}

/** Ctrl-C at a question of readline's own. */
const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

export const interrupted = (): StrongroomError =>
  new StrongroomError('E_INTERRUPTED', 'Interrupted.', { next: 'Run the same command again.' });
