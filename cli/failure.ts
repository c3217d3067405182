/** Whatever went wrong, in the words that people and scripts get to see. */
import { StrongroomError } from '../domain/errors.ts';

const FILE_FAILURES: Readonly<Record<string, (path: string, cause: unknown) => StrongroomError>> = {
  ENOENT: (path, cause) => new StrongroomError('E_FILE_NOT_FOUND', `${path} is not there.`, { cause }),
  ENOTDIR: (path, cause) => new StrongroomError('E_FILE_NOT_FOUND', `${path} is not there.`, { cause }),
  EISDIR: (path, cause) => new StrongroomError('E_USAGE', `${path} is a folder.`, { next: 'Name a file.', cause }),
  EACCES: (path, cause) =>
    new StrongroomError('E_NOT_ALLOWED', `${path} may not be opened.`, { next: 'Check its permissions.', cause }),
  ENOSPC: (path, cause) =>
    new StrongroomError('E_NO_SPACE', `There is no space left for ${path}.`, { next: 'Free some space.', cause }),
};

/** Read by shape: errors also come from other contexts. */
export function toFailure(error: unknown): StrongroomError {
  if (error instanceof StrongroomError) return error;
  const { code, path } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const known = typeof code === 'string' ? FILE_FAILURES[code] : undefined;
  if (known) return known(typeof path === 'string' ? path : 'The file', error);
  return new StrongroomError('E_INTERNAL', 'Something went wrong that Strongroom did not expect.', {
    why: error instanceof Error ? error.message : 'No reason was given.',
    next: 'Run it again with STRONGROOM_LOG_LEVEL=debug and report what it shows.',
    cause: error,
  });
}
