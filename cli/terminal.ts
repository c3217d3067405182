/** What the terminal can do and what its user wants: colour, and lines that are drawn again. */
import { styleText } from 'node:util';

export interface Terminal {
  /** Lines may be drawn again; otherwise each is written once. */
  readonly animated: boolean;
  readonly columns: number;
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
  strong(text: string): string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Honours NO_COLOR, CLICOLOR, CLICOLOR_FORCE and TERM=dumb; never colours what is not a terminal unless forced. */
export function describeTerminal(stream: { isTTY?: boolean; columns?: number }, env: Environment): Terminal {
  const interactive = stream.isTTY === true;
  const colour = wantsColour(interactive, env);
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return {
    animated: interactive && env['TERM'] !== 'dumb',
    // Some terminals say that they have none.
    columns: stream.columns !== undefined && stream.columns > 0 ? stream.columns : 80,
    good: style('green'),
    bad: style('red'),
    faint: style('dim'),
    strong: style('bold'),
  };
}

const isSet = (value: string | undefined) => value !== undefined && value !== '';

function wantsColour(interactive: boolean, env: Environment): boolean {
  if (isSet(env['NO_COLOR'])) return false;
  if (isSet(env['CLICOLOR_FORCE']) && env['CLICOLOR_FORCE'] !== '0') return true;
  return interactive && env['TERM'] !== 'dumb' && env['CLICOLOR'] !== '0';
}
