/** Finds what somebody meant who mistyped a name. */
import { usage } from './usage.ts';
import type { StrongroomError } from '../domain/errors.ts';

/** The candidate that takes the fewest changes, where these are few enough to be a slip. */
export function closest(given: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, changes: editDistance(given, candidate) }))
    .sort((a, b) => a.changes - b.changes);
  const best = ranked[0];
  return best && best.changes <= Math.max(1, Math.floor(given.length / 3)) ? best.candidate : undefined;
}

export function unknownName(what: string, given: string, candidates: readonly string[], help: string): StrongroomError {
  const meant = closest(given, candidates);
  const next = meant === undefined ? `See ${help}.` : `Did you mean "${meant}"? See ${help}.`;
  return usage(`There is no ${what} "${given}".`, next);
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_unused, index) => index)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + same, swapped));
    }
  }
  return at(a.length, b.length);
}
