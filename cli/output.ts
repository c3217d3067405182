/** Everything that the command line says: results on stdout, the rest on stderr. */
import type { StrongroomError } from '../domain/errors.ts';
import { toErrorFields } from '../domain/errors.ts';
import { ProgressDisplay } from './progress-display.ts';
import { describeTerminal, type Terminal } from './terminal.ts';

export type Mode = 'people' | 'json' | 'ids';

/** What a command has to say at its end. */
export interface Outcome {
  /** For `--json`; also what scripts rely on. */
  readonly data: Readonly<Record<string, unknown>>;
  /** For people, on stdout. */
  readonly lines: readonly string[];
  /** With `--quiet`: ids and names only, one a line. */
  readonly ids?: readonly string[];
  /** That nothing of it will change any more: where `--watch` ends. */
  readonly settled?: boolean;
  /** The exit code, where the command succeeded in finding out something bad. */
  readonly exitCode?: number;
}

export class Output {
  readonly terminal: Terminal;
  readonly #mode: Mode;

  constructor(mode: Mode) {
    this.#mode = mode;
    this.terminal = describeTerminal(process.stderr, process.env);
  }

  /** The end of a command that did what it should. */
  result(outcome: Outcome): void {
    process.stdout.write(this.#resultText(outcome));
  }

  /** The same question's next answer: in place of the one before on a terminal, below it elsewhere. */
  resultAgain(outcome: Outcome): void {
    const clear = this.#mode === 'people' && process.stdout.isTTY ? '\u001b[2J\u001b[H' : '';
    process.stdout.write(`${clear}${this.#resultText(outcome)}`);
  }

  /** Three lines: what failed, why, and what to do now. */
  failure(error: StrongroomError): void {
    if (this.#mode === 'json') {
      process.stdout.write(`${JSON.stringify({ ok: false, error: toErrorFields(error) })}\n`);
      return;
    }
    const why = error.why === undefined ? [] : [`  Why:  ${printable(error.why)}`];
    const next = error.next === undefined ? [] : [`  Next: ${printable(error.next)}`];
    const lines = [`${this.terminal.bad(error.code)}: ${printable(error.message)}`, ...why, ...next];
    process.stderr.write(`${lines.join('\n')}\n`);
  }

  /** Something worth knowing on the way, for people. */
  note(text: string): void {
    if (this.#mode === 'people') process.stderr.write(`${printable(text)}\n`);
  }

  /** What a person must do for the command to go on: shown in every mode. */
  instruction(text: string): void {
    process.stderr.write(`${printable(text)}\n`);
  }

  progress(): ProgressDisplay {
    return new ProgressDisplay(this.#mode === 'ids' ? null : process.stderr, this.terminal);
  }

  #resultText(outcome: Outcome): string {
    if (this.#mode === 'json') return `${JSON.stringify({ ok: true, ...outcome.data })}\n`;
    const lines = this.#mode === 'ids' ? (outcome.ids ?? []) : outcome.lines;
    return lines.map((line) => `${printable(line)}\n`).join('');
  }
}

/** Text from other parties may hold control characters that would steer the terminal; they are shown, not obeyed. */
const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
