/** Reads what was thrown by the system, by its shape: it may come from another context. */
import { StrongroomError } from '../domain/errors.ts';

/** The code of a system error, for instance `ENOENT`. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** A full disk in the words of the field; whatever else was thrown, as it is. */
export function namingFullDisk(thrown: unknown, doing: string): unknown {
  const code = codeOf(thrown);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return thrown;
  return new StrongroomError('E_NO_SPACE', `The disk became full while ${doing}.`, {
    next: 'Nothing was left behind. Make room and try again.',
    cause: thrown,
  });
}

export const interrupted = (what: string, cause?: unknown): StrongroomError =>
  new StrongroomError('E_INTERRUPTED', `${what} was interrupted.`, { why: 'Nothing was left behind.', cause });
