import { homedir } from 'node:os';
import path from 'node:path';

/** What can be made anew, and is kept for the next start: programs that were built, bundles, compiled code. */
export const cacheFolder = (): string =>
  path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'strongroom');
