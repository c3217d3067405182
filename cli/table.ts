/** Columns for people. */
export type Cell = string | number | null;

/** A header and a line for each row; `none` where there are no rows. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[], none: string): string[] {
  if (rows.length === 0) return [none];
  const texts = [header.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(cellText))];
  const widths = header.map((_name, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  return texts.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Name and value, one pair a line. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${cellText(value)}`);
}

const cellText = (cell: Cell): string => (cell === null || cell === '' ? '-' : String(cell));

/** A time without seconds' fractions, as people read it; in UTC, so that two people read the same. */
export const moment = (iso: string | null): string | null => iso && `${iso.slice(0, 16).replace('T', ' ')} UTC`;
