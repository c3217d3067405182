/**
 * Splits a command line into words as a POSIX shell quotes them, and does nothing else that a shell does: no variables,
 * no patterns, no operators. Answers `null` where a quote is left open.
 */
export function splitCommand(line: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    const piece = readPiece(line, at);
    if (piece === null) return null;
    word = (word ?? '') + piece.text;
    at = piece.end;
  }
  return word === null ? words : [...words, word];
}

interface Piece {
  readonly text: string;
  /** Index of the piece's last character. */
  readonly end: number;
}

function readPiece(line: string, at: number): Piece | null {
  const character = line.charAt(at);
  if (character === '\\') return at + 1 < line.length ? { text: line.charAt(at + 1), end: at + 1 } : null;
  if (character === "'") return readSingleQuoted(line, at);
  if (character === '"') return readDoubleQuoted(line, at);
  return { text: character, end: at };
}

function readSingleQuoted(line: string, at: number): Piece | null {
  const end = line.indexOf("'", at + 1);
  return end < 0 ? null : { text: line.slice(at + 1, end), end };
}

function readDoubleQuoted(line: string, at: number): Piece | null {
  let text = '';
  for (let next = at + 1; next < line.length; next += 1) {
    const character = line.charAt(next);
    if (character === '"') return { text, end: next };
    // Inside double quotes a backslash escapes only what a shell would otherwise act on.
    if (character === '\\' && /["\\$`]/.test(line.charAt(next + 1))) next += 1;
    text += line.charAt(next);
  }
  return null;
}
